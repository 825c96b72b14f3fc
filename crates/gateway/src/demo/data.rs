//! Who and what the demo company deals with. Invented by us; any likeness is chance. Plain data, no calls.

/// A thing it sells: stock keeping unit, name, category, list price, cost (services have none), opening stock.
pub struct Ware {
    pub sku: &'static str,
    pub name: &'static str,
    pub category: &'static str,
    pub price: &'static str,
    pub cost: &'static str,
    pub opening: u32,
}

const fn ware(
    sku: &'static str,
    name: &'static str,
    category: &'static str,
    price: &'static str,
    cost: &'static str,
    opening: u32,
) -> Ware {
    Ware { sku, name, category, price, cost, opening }
}

pub const WARES: [Ware; 16] = [
    ware("ESP-ONE", "Espresso machine Aurora One", "Machines", "1290.00", "780.00", 160),
    ware("ESP-TWO", "Espresso machine Aurora Two", "Machines", "2450.00", "1495.00", 110),
    ware("GRD-64", "Grinder Molino 64", "Grinders", "640.00", "382.00", 150),
    ware("GRD-83", "Grinder Molino 83", "Grinders", "980.00", "611.50", 110),
    ware("BRW-K", "Brewer Kepler", "Brewers", "320.00", "171.00", 190),
    ware("KET-1", "Gooseneck kettle", "Brewers", "89.00", "44.20", 260),
    ware("SCA-2", "Barista scale", "Accessories", "59.00", "26.35", 280),
    ware("CUP-6", "Cups, set of six", "Accessories", "48.00", "19.10", 420),
    ware("BEA-HB", "House blend, 1 kg", "Coffee", "18.00", "8.90", 5200),
    ware("BEA-ET", "Ethiopia Guji, 1 kg", "Coffee", "26.00", "13.45", 3600),
    ware("BEA-DE", "Decaf, 1 kg", "Coffee", "21.00", "10.80", 2400),
    ware("FIL-100", "Paper filters, 100 pieces", "Accessories", "6.50", "2.13", 3200),
    ware("CLN-30", "Cleaning tablets, 30 pieces", "Accessories", "12.50", "4.20", 2600),
    ware("SRV-INS", "Installation on site", "Services", "180.00", "", 0),
    ware("SRV-TRN", "Barista training, one day", "Services", "420.00", "", 0),
    ware("SRV-MNT", "Maintenance visit", "Services", "140.00", "", 0),
];

/// The wares that every customer buys again and again.
pub const SUPPLIES: std::ops::Range<usize> = 8..13;
/// The wares of a deal.
pub const EQUIPMENT: std::ops::Range<usize> = 0..8;
/// The services that go with a deal.
pub const SERVICES: std::ops::Range<usize> = 13..16;

/// Customer: code, name, city, postal code, country.
pub const CUSTOMERS: [(&str, &str, &str, &str, &str); 30] = [
    ("C-001", "Café Morgenrot", "Hamburg", "20095", "DE"),
    ("C-002", "Hotel Alsterblick", "Hamburg", "20354", "DE"),
    ("C-003", "Rösthaus am Hafen", "Bremen", "28195", "DE"),
    ("C-004", "Bakery Kornfeld", "Hannover", "30159", "DE"),
    ("C-005", "Bistro Linde", "Leipzig", "04109", "DE"),
    ("C-006", "Coworking Speicher", "Berlin", "10115", "DE"),
    ("C-007", "Kantine Nordlicht", "Kiel", "24103", "DE"),
    ("C-008", "Restaurant Zur Mühle", "Lübeck", "23552", "DE"),
    ("C-009", "Café Kastanie", "Berlin", "10405", "DE"),
    ("C-010", "Bar Centrale", "München", "80331", "DE"),
    ("C-011", "Hotel Isartor", "München", "80469", "DE"),
    ("C-012", "Bookshop Seitenweise", "Köln", "50667", "DE"),
    ("C-013", "Museum Café Parthenon", "Dresden", "01067", "DE"),
    ("C-014", "Tagungshaus Waldeck", "Kassel", "34117", "DE"),
    ("C-015", "Studio Kaffeeklatsch", "Stuttgart", "70173", "DE"),
    ("C-016", "Cinema Capitol", "Nürnberg", "90402", "DE"),
    ("C-017", "Patisserie Amélie", "Freiburg", "79098", "DE"),
    ("C-018", "Café Zeitlos", "Mainz", "55116", "DE"),
    ("C-019", "Hostel Kompass", "Rostock", "18055", "DE"),
    ("C-020", "Clinic Cafeteria Elbe", "Magdeburg", "39104", "DE"),
    ("C-021", "Campus Mensa Süd", "Augsburg", "86150", "DE"),
    ("C-022", "Theaterkantine", "Weimar", "99423", "DE"),
    ("C-023", "Café Fjord", "Flensburg", "24937", "DE"),
    ("C-024", "Radlerhof", "Regensburg", "93047", "DE"),
    ("C-025", "Vinothek Rebstock", "Würzburg", "97070", "DE"),
    ("C-026", "Spa Hotel Quellental", "Baden-Baden", "76530", "DE"),
    ("C-027", "Law Offices Brandt", "Frankfurt", "60311", "DE"),
    ("C-028", "Agency Papierflieger", "Düsseldorf", "40213", "DE"),
    ("C-029", "Startup Loft Nine", "Berlin", "10997", "DE"),
    ("C-030", "Kaffeewagen Rita", "Oldenburg", "26122", "DE"),
];

/// Vendor: code, name, city, postal code, country.
pub const VENDORS: [(&str, &str, &str, &str, &str); 4] = [
    ("V-001", "Aurora Macchine", "Milano", "20121", "IT"),
    ("V-002", "Molino Grinders", "Wien", "1010", "AT"),
    ("V-003", "Green Bean Import", "Bremen", "28217", "DE"),
    ("V-004", "Tidy Packaging", "Rotterdam", "3011", "NL"),
];

pub const FIRST_NAMES: [&str; 16] =
    ["Anna", "Jonas", "Mia", "Emil", "Lea", "Paul", "Nora", "Felix", "Clara", "Tom", "Ida", "Karl", "Marie", "Oskar", "Lina", "Hugo"];
pub const LAST_NAMES: [&str; 16] = [
    "Albrecht",
    "Becker",
    "Claasen",
    "Dorn",
    "Ehlers",
    "Friedrich",
    "Gruber",
    "Hansen",
    "Imhof",
    "Jansen",
    "Keller",
    "Lorenz",
    "Maurer",
    "Neumann",
    "Otto",
    "Petersen",
];

/// Businesses that ask for an offer in the course of the year.
pub const PROSPECTS: [&str; 48] = [
    "Café Anker",
    "Hotel Bergfried",
    "Bakery Crusta",
    "Bistro Dattel",
    "Eiscafé Etna",
    "Foyer Bar",
    "Gasthaus Grün",
    "Hofladen Heide",
    "Imbiss Insel",
    "Jazzkeller Jupiter",
    "Kiosk Kurve",
    "Lounge Lumen",
    "Mensa Mitte",
    "Nachtcafé Nova",
    "Osteria Oliva",
    "Pension Perle",
    "Quartier Quadrat",
    "Ratsstube",
    "Salon Süd",
    "Teehaus Tau",
    "Uferbar",
    "Villa Vogel",
    "Weinbar Welle",
    "Yogaraum Yara",
    "Zollhaus Zwei",
    "Atelier Ahorn",
    "Buchcafé Blatt",
    "Club Cosmos",
    "Druckerei Delta",
    "Eventhalle Eins",
    "Fahrradcafé Flitz",
    "Galerie Gold",
    "Hafenkante",
    "Institut Iris",
    "Kanzlei Kranich",
    "Labor Luchs",
    "Mühlencafé",
    "Nähstube",
    "Oper Orange",
    "Praxis Palme",
    "Radiohaus",
    "Sternwarte",
    "Tanzsaal",
    "Uhrwerk",
    "Verlag Vier",
    "Werkhof West",
    "Zimmerei Zapf",
    "Zoo Café",
];

pub const SOURCES: [&str; 5] = ["web", "trade fair", "referral", "phone", "newsletter"];

/// Territories: name, the one above, countries.
pub const TERRITORIES: [(&str, &str, &[&str]); 3] =
    [("Europe", "", &["FR", "NL", "BE", "DK", "PL"]), ("DACH", "Europe", &["DE", "AT", "CH"]), ("Overseas", "", &["US", "CA", "JP"])];

pub const LOSS_REASONS: [&str; 4] = ["Price", "Chose a competitor", "Project postponed", "No answer"];
pub const COMPETITORS: [&str; 3] = ["Bohne & Sohn", "Kaffeetechnik Rhein", "Barista Direct"];
