-- Baseline of the area `directory`.

-- Who and what everybody deals with: companies, parties, contacts, products, units, currencies and their rates.

-- Legal entities whose books are kept.
CREATE TABLE companies (
    id UUID NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    fiscal_year_start_month INTEGER NOT NULL,
    rounding TEXT NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    negative_stock TEXT NOT NULL,
    credit_policy TEXT NOT NULL,
    payment_terms_days INTEGER NOT NULL,
    tax_id TEXT NULL,
    address JSONB NULL,
    metadata JSONB NOT NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    order_closing TEXT NOT NULL DEFAULT 'manual'
);
CREATE UNIQUE INDEX companies_code_key ON companies (code);
CREATE INDEX companies_name ON companies (name, id);
CREATE INDEX companies_currency ON companies (currency, id);
CREATE INDEX companies_updated_at ON companies (updated_at, id);

-- Currencies of ISO 4217 that money can be kept in. The id is the code, padded with zero bytes.
CREATE TABLE currencies (
    id UUID NOT NULL PRIMARY KEY,
    numeric_code TEXT NOT NULL,
    name TEXT NOT NULL,
    minor_units INTEGER NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX currencies_name ON currencies (name, id);
-- The list of the program; a test compares the two.
INSERT INTO currencies (id, numeric_code, name, minor_units, version) VALUES
    ('41454400-0000-0000-0000-000000000000', '784', 'United Arab Emirates dirham', 2, 1),
    ('41464e00-0000-0000-0000-000000000000', '971', 'Afghan afghani', 2, 1),
    ('414c4c00-0000-0000-0000-000000000000', '008', 'Albanian lek', 2, 1),
    ('414d4400-0000-0000-0000-000000000000', '051', 'Armenian dram', 2, 1),
    ('414f4100-0000-0000-0000-000000000000', '973', 'Angolan kwanza', 2, 1),
    ('41525300-0000-0000-0000-000000000000', '032', 'Argentine peso', 2, 1),
    ('41554400-0000-0000-0000-000000000000', '036', 'Australian dollar', 2, 1),
    ('41574700-0000-0000-0000-000000000000', '533', 'Aruban florin', 2, 1),
    ('415a4e00-0000-0000-0000-000000000000', '944', 'Azerbaijani manat', 2, 1),
    ('42414d00-0000-0000-0000-000000000000', '977', 'Bosnia and Herzegovina convertible mark', 2, 1),
    ('42424400-0000-0000-0000-000000000000', '052', 'Barbados dollar', 2, 1),
    ('42445400-0000-0000-0000-000000000000', '050', 'Bangladeshi taka', 2, 1),
    ('42474e00-0000-0000-0000-000000000000', '975', 'Bulgarian lev', 2, 1),
    ('42484400-0000-0000-0000-000000000000', '048', 'Bahraini dinar', 3, 1),
    ('42494600-0000-0000-0000-000000000000', '108', 'Burundian franc', 0, 1),
    ('424d4400-0000-0000-0000-000000000000', '060', 'Bermudian dollar', 2, 1),
    ('424e4400-0000-0000-0000-000000000000', '096', 'Brunei dollar', 2, 1),
    ('424f4200-0000-0000-0000-000000000000', '068', 'Boliviano', 2, 1),
    ('424f5600-0000-0000-0000-000000000000', '984', 'Bolivian Mvdol', 2, 1),
    ('42524c00-0000-0000-0000-000000000000', '986', 'Brazilian real', 2, 1),
    ('42534400-0000-0000-0000-000000000000', '044', 'Bahamian dollar', 2, 1),
    ('42544e00-0000-0000-0000-000000000000', '064', 'Bhutanese ngultrum', 2, 1),
    ('42575000-0000-0000-0000-000000000000', '072', 'Botswana pula', 2, 1),
    ('42594e00-0000-0000-0000-000000000000', '933', 'Belarusian ruble', 2, 1),
    ('425a4400-0000-0000-0000-000000000000', '084', 'Belize dollar', 2, 1),
    ('43414400-0000-0000-0000-000000000000', '124', 'Canadian dollar', 2, 1),
    ('43444600-0000-0000-0000-000000000000', '976', 'Congolese franc', 2, 1),
    ('43484500-0000-0000-0000-000000000000', '947', 'WIR Euro', 2, 1),
    ('43484600-0000-0000-0000-000000000000', '756', 'Swiss franc', 2, 1),
    ('43485700-0000-0000-0000-000000000000', '948', 'WIR Franc', 2, 1),
    ('434c4600-0000-0000-0000-000000000000', '990', 'Unidad de Fomento', 4, 1),
    ('434c5000-0000-0000-0000-000000000000', '152', 'Chilean peso', 0, 1),
    ('434e5900-0000-0000-0000-000000000000', '156', 'Renminbi (Chinese) yuan', 2, 1),
    ('434f5000-0000-0000-0000-000000000000', '170', 'Colombian peso', 2, 1),
    ('434f5500-0000-0000-0000-000000000000', '970', 'Unidad de Valor Real (UVR)', 2, 1),
    ('43524300-0000-0000-0000-000000000000', '188', 'Costa Rican colon', 2, 1),
    ('43554300-0000-0000-0000-000000000000', '931', 'Cuban convertible peso', 2, 1),
    ('43555000-0000-0000-0000-000000000000', '192', 'Cuban peso', 2, 1),
    ('43564500-0000-0000-0000-000000000000', '132', 'Cape Verdean escudo', 2, 1),
    ('435a4b00-0000-0000-0000-000000000000', '203', 'Czech koruna', 2, 1),
    ('444a4600-0000-0000-0000-000000000000', '262', 'Djiboutian franc', 0, 1),
    ('444b4b00-0000-0000-0000-000000000000', '208', 'Danish krone', 2, 1),
    ('444f5000-0000-0000-0000-000000000000', '214', 'Dominican peso', 2, 1),
    ('445a4400-0000-0000-0000-000000000000', '012', 'Algerian dinar', 2, 1),
    ('45475000-0000-0000-0000-000000000000', '818', 'Egyptian pound', 2, 1),
    ('45524e00-0000-0000-0000-000000000000', '232', 'Eritrean nakfa', 2, 1),
    ('45544200-0000-0000-0000-000000000000', '230', 'Ethiopian birr', 2, 1),
    ('45555200-0000-0000-0000-000000000000', '978', 'Euro', 2, 1),
    ('464a4400-0000-0000-0000-000000000000', '242', 'Fiji dollar', 2, 1),
    ('464b5000-0000-0000-0000-000000000000', '238', 'Falkland Islands pound', 2, 1),
    ('47425000-0000-0000-0000-000000000000', '826', 'Pound sterling', 2, 1),
    ('47454c00-0000-0000-0000-000000000000', '981', 'Georgian lari', 2, 1),
    ('47485300-0000-0000-0000-000000000000', '936', 'Ghanaian cedi', 2, 1),
    ('47495000-0000-0000-0000-000000000000', '292', 'Gibraltar pound', 2, 1),
    ('474d4400-0000-0000-0000-000000000000', '270', 'Gambian dalasi', 2, 1),
    ('474e4600-0000-0000-0000-000000000000', '324', 'Guinean franc', 0, 1),
    ('47545100-0000-0000-0000-000000000000', '320', 'Guatemalan quetzal', 2, 1),
    ('47594400-0000-0000-0000-000000000000', '328', 'Guyanese dollar', 2, 1),
    ('484b4400-0000-0000-0000-000000000000', '344', 'Hong Kong dollar', 2, 1),
    ('484e4c00-0000-0000-0000-000000000000', '340', 'Honduran lempira', 2, 1),
    ('48524b00-0000-0000-0000-000000000000', '191', 'Croatian kuna', 2, 1),
    ('48544700-0000-0000-0000-000000000000', '332', 'Haitian gourde', 2, 1),
    ('48554600-0000-0000-0000-000000000000', '348', 'Hungarian forint', 2, 1),
    ('49445200-0000-0000-0000-000000000000', '360', 'Indonesian rupiah', 2, 1),
    ('494c5300-0000-0000-0000-000000000000', '376', 'Israeli new shekel', 2, 1),
    ('494e5200-0000-0000-0000-000000000000', '356', 'Indian rupee', 2, 1),
    ('49514400-0000-0000-0000-000000000000', '368', 'Iraqi dinar', 3, 1),
    ('49525200-0000-0000-0000-000000000000', '364', 'Iranian rial', 2, 1),
    ('49534b00-0000-0000-0000-000000000000', '352', 'Icelandic króna', 0, 1),
    ('4a4d4400-0000-0000-0000-000000000000', '388', 'Jamaican dollar', 2, 1),
    ('4a4f4400-0000-0000-0000-000000000000', '400', 'Jordanian dinar', 3, 1),
    ('4a505900-0000-0000-0000-000000000000', '392', 'Japanese yen', 0, 1),
    ('4b455300-0000-0000-0000-000000000000', '404', 'Kenyan shilling', 2, 1),
    ('4b475300-0000-0000-0000-000000000000', '417', 'Kyrgyzstani som', 2, 1),
    ('4b485200-0000-0000-0000-000000000000', '116', 'Cambodian riel', 2, 1),
    ('4b4d4600-0000-0000-0000-000000000000', '174', 'Comoro franc', 0, 1),
    ('4b505700-0000-0000-0000-000000000000', '408', 'North Korean won', 2, 1),
    ('4b525700-0000-0000-0000-000000000000', '410', 'South Korean won', 0, 1),
    ('4b574400-0000-0000-0000-000000000000', '414', 'Kuwaiti dinar', 3, 1),
    ('4b594400-0000-0000-0000-000000000000', '136', 'Cayman Islands dollar', 2, 1),
    ('4b5a5400-0000-0000-0000-000000000000', '398', 'Kazakhstani tenge', 2, 1),
    ('4c414b00-0000-0000-0000-000000000000', '418', 'Lao kip', 2, 1),
    ('4c425000-0000-0000-0000-000000000000', '422', 'Lebanese pound', 2, 1),
    ('4c4b5200-0000-0000-0000-000000000000', '144', 'Sri Lankan rupee', 2, 1),
    ('4c524400-0000-0000-0000-000000000000', '430', 'Liberian dollar', 2, 1),
    ('4c534c00-0000-0000-0000-000000000000', '426', 'Lesotho loti', 2, 1),
    ('4c594400-0000-0000-0000-000000000000', '434', 'Libyan dinar', 3, 1),
    ('4d414400-0000-0000-0000-000000000000', '504', 'Moroccan dirham', 2, 1),
    ('4d444c00-0000-0000-0000-000000000000', '498', 'Moldovan leu', 2, 1),
    ('4d474100-0000-0000-0000-000000000000', '969', 'Malagasy ariary', 2, 1),
    ('4d4b4400-0000-0000-0000-000000000000', '807', 'Macedonian denar', 2, 1),
    ('4d4d4b00-0000-0000-0000-000000000000', '104', 'Myanmar kyat', 2, 1),
    ('4d4e5400-0000-0000-0000-000000000000', '496', 'Mongolian tögrög', 2, 1),
    ('4d4f5000-0000-0000-0000-000000000000', '446', 'Macanese pataca', 2, 1),
    ('4d525500-0000-0000-0000-000000000000', '929', 'Mauritanian ouguiya', 2, 1),
    ('4d555200-0000-0000-0000-000000000000', '480', 'Mauritian rupee', 2, 1),
    ('4d565200-0000-0000-0000-000000000000', '462', 'Maldivian rufiyaa', 2, 1),
    ('4d574b00-0000-0000-0000-000000000000', '454', 'Malawian kwacha', 2, 1),
    ('4d584e00-0000-0000-0000-000000000000', '484', 'Mexican peso', 2, 1),
    ('4d585600-0000-0000-0000-000000000000', '979', 'Mexican Unidad de Inversion (UDI)', 2, 1),
    ('4d595200-0000-0000-0000-000000000000', '458', 'Malaysian ringgit', 2, 1),
    ('4d5a4e00-0000-0000-0000-000000000000', '943', 'Mozambican metical', 2, 1),
    ('4e414400-0000-0000-0000-000000000000', '516', 'Namibian dollar', 2, 1),
    ('4e474e00-0000-0000-0000-000000000000', '566', 'Nigerian naira', 2, 1),
    ('4e494f00-0000-0000-0000-000000000000', '558', 'Nicaraguan córdoba', 2, 1),
    ('4e4f4b00-0000-0000-0000-000000000000', '578', 'Norwegian krone', 2, 1),
    ('4e505200-0000-0000-0000-000000000000', '524', 'Nepalese rupee', 2, 1),
    ('4e5a4400-0000-0000-0000-000000000000', '554', 'New Zealand dollar', 2, 1),
    ('4f4d5200-0000-0000-0000-000000000000', '512', 'Omani rial', 3, 1),
    ('50414200-0000-0000-0000-000000000000', '590', 'Panamanian balboa', 2, 1),
    ('50454e00-0000-0000-0000-000000000000', '604', 'Peruvian sol', 2, 1),
    ('50474b00-0000-0000-0000-000000000000', '598', 'Papua New Guinean kina', 2, 1),
    ('50485000-0000-0000-0000-000000000000', '608', 'Philippine peso', 2, 1),
    ('504b5200-0000-0000-0000-000000000000', '586', 'Pakistani rupee', 2, 1),
    ('504c4e00-0000-0000-0000-000000000000', '985', 'Polish złoty', 2, 1),
    ('50594700-0000-0000-0000-000000000000', '600', 'Paraguayan guaraní', 0, 1),
    ('51415200-0000-0000-0000-000000000000', '634', 'Qatari riyal', 2, 1),
    ('524f4e00-0000-0000-0000-000000000000', '946', 'Romanian leu', 2, 1),
    ('52534400-0000-0000-0000-000000000000', '941', 'Serbian dinar', 2, 1),
    ('52554200-0000-0000-0000-000000000000', '643', 'Russian ruble', 2, 1),
    ('52574600-0000-0000-0000-000000000000', '646', 'Rwandan franc', 0, 1),
    ('53415200-0000-0000-0000-000000000000', '682', 'Saudi riyal', 2, 1),
    ('53424400-0000-0000-0000-000000000000', '090', 'Solomon Islands dollar', 2, 1),
    ('53435200-0000-0000-0000-000000000000', '690', 'Seychelles rupee', 2, 1),
    ('53444700-0000-0000-0000-000000000000', '938', 'Sudanese pound', 2, 1),
    ('53454b00-0000-0000-0000-000000000000', '752', 'Swedish krona/kronor', 2, 1),
    ('53474400-0000-0000-0000-000000000000', '702', 'Singapore dollar', 2, 1),
    ('53485000-0000-0000-0000-000000000000', '654', 'Saint Helena pound', 2, 1),
    ('534c4500-0000-0000-0000-000000000000', '925', 'Sierra Leonean leone', 2, 1),
    ('534c4c00-0000-0000-0000-000000000000', '694', 'Sierra Leonean leone', 2, 1),
    ('534f5300-0000-0000-0000-000000000000', '706', 'Somali shilling', 2, 1),
    ('53524400-0000-0000-0000-000000000000', '968', 'Surinamese dollar', 2, 1),
    ('53535000-0000-0000-0000-000000000000', '728', 'South Sudanese pound', 2, 1),
    ('53544e00-0000-0000-0000-000000000000', '930', 'São Tomé and Príncipe dobra', 2, 1),
    ('53564300-0000-0000-0000-000000000000', '222', 'Salvadoran colón', 2, 1),
    ('53595000-0000-0000-0000-000000000000', '760', 'Syrian pound', 2, 1),
    ('535a4c00-0000-0000-0000-000000000000', '748', 'Swazi lilangeni', 2, 1),
    ('54484200-0000-0000-0000-000000000000', '764', 'Thai baht', 2, 1),
    ('544a5300-0000-0000-0000-000000000000', '972', 'Tajikistani somoni', 2, 1),
    ('544d5400-0000-0000-0000-000000000000', '934', 'Turkmenistan manat', 2, 1),
    ('544e4400-0000-0000-0000-000000000000', '788', 'Tunisian dinar', 3, 1),
    ('544f5000-0000-0000-0000-000000000000', '776', 'Tongan paʻanga', 2, 1),
    ('54525900-0000-0000-0000-000000000000', '949', 'Turkish lira', 2, 1),
    ('54544400-0000-0000-0000-000000000000', '780', 'Trinidad and Tobago dollar', 2, 1),
    ('54574400-0000-0000-0000-000000000000', '901', 'New Taiwan dollar', 2, 1),
    ('545a5300-0000-0000-0000-000000000000', '834', 'Tanzanian shilling', 2, 1),
    ('55414800-0000-0000-0000-000000000000', '980', 'Ukrainian hryvnia', 2, 1),
    ('55475800-0000-0000-0000-000000000000', '800', 'Ugandan shilling', 0, 1),
    ('55534400-0000-0000-0000-000000000000', '840', 'United States dollar', 2, 1),
    ('55534e00-0000-0000-0000-000000000000', '997', 'United States dollar (next day)', 2, 1),
    ('55594900-0000-0000-0000-000000000000', '940', 'Uruguay Peso en Unidades Indexadas (URUIURUI)', 0, 1),
    ('55595500-0000-0000-0000-000000000000', '858', 'Uruguayan peso', 2, 1),
    ('55595700-0000-0000-0000-000000000000', '927', 'Unidad previsional', 4, 1),
    ('555a5300-0000-0000-0000-000000000000', '860', 'Uzbekistan som', 2, 1),
    ('56454400-0000-0000-0000-000000000000', '926', 'Venezuelan bolívar soberano', 2, 1),
    ('56455300-0000-0000-0000-000000000000', '928', 'Venezuelan bolívar soberano', 2, 1),
    ('564e4400-0000-0000-0000-000000000000', '704', 'Vietnamese đồng', 0, 1),
    ('56555600-0000-0000-0000-000000000000', '548', 'Vanuatu vatu', 0, 1),
    ('57535400-0000-0000-0000-000000000000', '882', 'Samoan tala', 2, 1),
    ('58414400-0000-0000-0000-000000000000', '396', 'Arab Accounting Dinar', 2, 1),
    ('58414600-0000-0000-0000-000000000000', '950', 'CFA franc BEAC', 0, 1),
    ('58434400-0000-0000-0000-000000000000', '951', 'East Caribbean dollar', 2, 1),
    ('58434700-0000-0000-0000-000000000000', '532', 'Caribean guilder', 2, 1),
    ('584f4600-0000-0000-0000-000000000000', '952', 'CFA franc BCEAO', 0, 1),
    ('58504600-0000-0000-0000-000000000000', '953', 'CFP franc (franc Pacifique)', 0, 1),
    ('59455200-0000-0000-0000-000000000000', '886', 'Yemeni rial', 2, 1),
    ('5a415200-0000-0000-0000-000000000000', '710', 'South African rand', 2, 1),
    ('5a4d5700-0000-0000-0000-000000000000', '967', 'Zambian kwacha', 2, 1),
    ('5a574700-0000-0000-0000-000000000000', '924', 'Zimbabwe Gold', 2, 1),
    ('5a574c00-0000-0000-0000-000000000000', '932', 'Zimbabwean dollar', 2, 1);

-- What one unit of a currency is worth in another, by day, kind and source.
CREATE TABLE exchange_rates (
    id UUID NOT NULL PRIMARY KEY,
    from_currency TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    rate_date DATE NOT NULL,
    rate NUMERIC(18,10) NOT NULL,
    source TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (rate > 0),
    CHECK (from_currency <> to_currency)
);
CREATE UNIQUE INDEX exchange_rates_key ON exchange_rates (from_currency, to_currency, kind, rate_date, source);
CREATE INDEX exchange_rates_reverse ON exchange_rates (to_currency, from_currency, kind, rate_date);
CREATE INDEX exchange_rates_rate_date ON exchange_rates (rate_date, id);
CREATE INDEX exchange_rates_source ON exchange_rates (source, id);
CREATE INDEX exchange_rates_updated_at ON exchange_rates (updated_at, id);

-- Units of measure; one is numerator / denominator of the category's base unit.
CREATE TABLE units (
    id UUID NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    numerator NUMERIC(18,10) NOT NULL,
    denominator NUMERIC(18,10) NOT NULL,
    places INTEGER NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (numerator > 0),
    CHECK (denominator > 0)
);
CREATE UNIQUE INDEX units_code_key ON units (code);
CREATE INDEX units_category ON units (category, id);
CREATE INDEX units_name ON units (name, id);
CREATE INDEX units_updated_at ON units (updated_at, id);
-- The usual units. mass: kg, length: m, area: m2, volume: l, time: h are the base units.
INSERT INTO units (id, code, name, category, numerator, denominator, places, archived_at, created_at, updated_at, version) VALUES
    ('019b76da-8000-7000-8000-000000000001', 'each', 'Each', 'count', 1, 1, 0, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000002', 'pair', 'Pair', 'count', 2, 1, 0, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000003', 'dozen', 'Dozen', 'count', 12, 1, 4, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000004', 'gross', 'Gross', 'count', 144, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000005', 'kg', 'Kilogram', 'mass', 1, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000006', 'g', 'Gram', 'mass', 0.001, 1, 3, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000007', 't', 'Tonne', 'mass', 1000, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000008', 'lb', 'Pound', 'mass', 0.45359237, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000009', 'oz', 'Ounce', 'mass', 28.349523125, 1000, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000a', 'm', 'Metre', 'length', 1, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000b', 'cm', 'Centimetre', 'length', 0.01, 1, 4, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000c', 'mm', 'Millimetre', 'length', 0.001, 1, 3, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000d', 'km', 'Kilometre', 'length', 1000, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000e', 'in', 'Inch', 'length', 0.0254, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-00000000000f', 'ft', 'Foot', 'length', 0.3048, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000010', 'm2', 'Square metre', 'area', 1, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000011', 'l', 'Litre', 'volume', 1, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000012', 'ml', 'Millilitre', 'volume', 0.001, 1, 3, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000013', 'm3', 'Cubic metre', 'volume', 1000, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000014', 'gal', 'Gallon (US)', 'volume', 3.785411784, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000015', 'h', 'Hour', 'time', 1, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000016', 'min', 'Minute', 'time', 1, 60, 4, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1),
    ('019b76da-8000-7000-8000-000000000017', 'day', 'Day', 'time', 24, 1, 6, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1);

-- What is bought, kept and sold.
CREATE TABLE products (
    id UUID NOT NULL PRIMARY KEY,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NULL,
    kind TEXT NOT NULL,
    unit_id UUID NOT NULL REFERENCES units (id),
    sales_price NUMERIC(18,6) NULL,
    expected_cost NUMERIC(18,6) NULL,
    currency TEXT NULL,
    tax_class TEXT NOT NULL,
    posting_class TEXT NOT NULL,
    category TEXT NULL,
    barcode TEXT NULL,
    weight_kg NUMERIC(18,6) NULL,
    tags JSONB NOT NULL,
    metadata JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    tracking TEXT NOT NULL DEFAULT 'none'
);
CREATE UNIQUE INDEX products_sku_key ON products (sku);
CREATE UNIQUE INDEX products_barcode_key ON products (barcode);
CREATE INDEX products_name ON products (name, id);
CREATE INDEX products_unit_id ON products (unit_id);
CREATE INDEX products_category ON products (category, id);
CREATE INDEX products_kind ON products (kind, id);
CREATE INDEX products_archived_at ON products (archived_at, id);
CREATE INDEX products_updated_at ON products (updated_at, id);

-- People and organisations the company deals with.
CREATE TABLE parties (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    code TEXT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NULL,
    tax_id TEXT NULL,
    is_customer BOOLEAN NOT NULL,
    is_vendor BOOLEAN NOT NULL,
    customer_terms JSONB NOT NULL,
    vendor_terms JSONB NOT NULL,
    addresses JSONB NOT NULL,
    emails JSONB NOT NULL,
    phones JSONB NOT NULL,
    website TEXT NULL,
    external_ids JSONB NOT NULL,
    parent_id UUID NULL REFERENCES parties (id),
    owner_id UUID NULL REFERENCES users (id),
    tags JSONB NOT NULL,
    metadata JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    merged_into UUID NULL REFERENCES parties (id),
    erased_at TIMESTAMPTZ NULL,
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX parties_code_key ON parties (code);
CREATE INDEX parties_name ON parties (name, id);
CREATE INDEX parties_tax_id ON parties (tax_id);
CREATE INDEX parties_parent_id ON parties (parent_id);
CREATE INDEX parties_owner_id ON parties (owner_id, id);
CREATE INDEX parties_is_customer ON parties (is_customer, id);
CREATE INDEX parties_is_vendor ON parties (is_vendor, id);
CREATE INDEX parties_archived_at ON parties (archived_at, id);
CREATE INDEX parties_updated_at ON parties (updated_at, id);
CREATE INDEX parties_merged_into ON parties (merged_into, id);
-- Customers and vendors by name are the lists that people look at all day. Without these, SQLite collects all customers and
-- sorts them for every page, and a page costs more with every customer.
CREATE INDEX parties_customers_by_name ON parties (is_customer, name, id);
CREATE INDEX parties_vendors_by_name ON parties (is_vendor, name, id);

-- How other systems call a party; written with the party, looked up on upsert.
CREATE TABLE party_external_ids (
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    party_id UUID NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (system, value)
);
CREATE INDEX party_external_ids_party_id ON party_external_ids (party_id);

-- E-mail addresses of parties in lower case; written with the party, looked up for duplicates.
CREATE TABLE party_emails (
    party_id UUID NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (party_id, address)
);
CREATE INDEX party_emails_address ON party_emails (address);
-- Conversions look for organisations with the e-mail domain of the lead.
CREATE INDEX party_emails_domain ON party_emails (substr(address, strpos(address, '@') + 1), party_id);

-- People, whomever they work for.
CREATE TABLE contacts (
    id UUID NOT NULL PRIMARY KEY,
    first_name TEXT NULL,
    last_name TEXT NOT NULL,
    name TEXT NOT NULL,
    salutation TEXT NULL,
    language TEXT NULL,
    emails JSONB NOT NULL,
    phones JSONB NOT NULL,
    address JSONB NULL,
    external_ids JSONB NOT NULL,
    owner_id UUID NULL REFERENCES users (id),
    tags JSONB NOT NULL,
    metadata JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    erased_at TIMESTAMPTZ NULL,
    merged_into UUID NULL REFERENCES contacts (id)
);
CREATE INDEX contacts_name ON contacts (name, id);
CREATE INDEX contacts_last_name ON contacts (last_name, id);
CREATE INDEX contacts_owner_id ON contacts (owner_id, id);
CREATE INDEX contacts_archived_at ON contacts (archived_at, id);
CREATE INDEX contacts_updated_at ON contacts (updated_at, id);
CREATE INDEX contacts_merged_into ON contacts (merged_into, id);

-- How other systems call a person; written with the contact.
CREATE TABLE contact_external_ids (
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (system, value)
);
CREATE INDEX contact_external_ids_contact_id ON contact_external_ids (contact_id);

-- E-mail addresses of people in lower case; written with the contact, looked up for duplicates.
CREATE TABLE contact_emails (
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (contact_id, address)
);
CREATE INDEX contact_emails_address ON contact_emails (address);
CREATE INDEX contact_emails_domain ON contact_emails (substr(address, strpos(address, '@') + 1), contact_id);

-- A person's role at a party, from when to when.
CREATE TABLE relationships (
    id UUID NOT NULL PRIMARY KEY,
    contact_id UUID NOT NULL REFERENCES contacts (id),
    party_id UUID NOT NULL REFERENCES parties (id),
    title TEXT NULL,
    role TEXT NULL,
    from_date DATE NULL,
    to_date DATE NULL,
    is_primary BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX relationships_contact_id ON relationships (contact_id, id);
CREATE INDEX relationships_party_id ON relationships (party_id, id);
CREATE INDEX relationships_updated_at ON relationships (updated_at, id);
-- A party has one person to ask first.
CREATE UNIQUE INDEX relationships_primary_key ON relationships (party_id) WHERE is_primary;

-- What parties are found by when another may be the same: phones, tax numbers, parts of names. Written with the party.
CREATE TABLE party_match_keys (
    key TEXT NOT NULL,
    party_id UUID NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (key, party_id)
);
CREATE INDEX party_match_keys_party_id ON party_match_keys (party_id);

-- The same of people; written with the contact.
CREATE TABLE contact_match_keys (
    key TEXT NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (key, contact_id)
);
CREATE INDEX contact_match_keys_contact_id ON contact_match_keys (contact_id);

-- Merges, with what was there before. The two parties are never moved in here.
CREATE TABLE party_merges (
    id UUID NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id UUID NOT NULL REFERENCES parties (id),
    loser_id UUID NOT NULL REFERENCES parties (id),
    conflicts JSONB NOT NULL,
    winner_before JSONB NOT NULL,
    winner_after JSONB NOT NULL,
    loser_before JSONB NOT NULL,
    undo_until TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (winner_id <> loser_id)
);
CREATE INDEX party_merges_winner_id ON party_merges (winner_id, id);
CREATE INDEX party_merges_loser_id ON party_merges (loser_id, id);
CREATE INDEX party_merges_status ON party_merges (status, id);
CREATE INDEX party_merges_created_at ON party_merges (created_at, id);
CREATE INDEX party_merges_updated_at ON party_merges (updated_at, id);

-- Which rows followed, so that exactly they go back.
CREATE TABLE party_merge_moves (
    merge_id UUID NOT NULL REFERENCES party_merges (id),
    what TEXT NOT NULL,
    row_id UUID NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
);

-- What people like, and the messages by which they confirm that they want some.

-- What is known of somebody's likings: stated by the person, or inferred from what the person did.
CREATE TABLE contact_preferences (
    id UUID NOT NULL PRIMARY KEY,
    contact_id UUID NOT NULL REFERENCES contacts (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value JSONB NOT NULL,
    provenance TEXT NOT NULL,
    source TEXT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CHECK (provenance IN ('stated', 'inferred'))
);
CREATE UNIQUE INDEX contact_preferences_name_key ON contact_preferences (contact_id, name);
CREATE INDEX contact_preferences_contact_id ON contact_preferences (contact_id, id);
CREATE INDEX contact_preferences_name ON contact_preferences (name, id);
CREATE INDEX contact_preferences_provenance ON contact_preferences (provenance, id);
CREATE INDEX contact_preferences_kind ON contact_preferences (kind, id);
CREATE INDEX contact_preferences_noted_at ON contact_preferences (noted_at, id);

-- Who sells where: teams with managers, territories of countries; and what deals are counted by.

CREATE TABLE teams (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id UUID NULL REFERENCES teams (id),
    manager_id UUID NULL REFERENCES users (id),
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX teams_company_name_key ON teams (company_id, name_key);
CREATE INDEX teams_company_id ON teams (company_id, id);
CREATE INDEX teams_parent_id ON teams (parent_id, id);
CREATE INDEX teams_manager_id ON teams (manager_id, id);
CREATE INDEX teams_name ON teams (name, id);
CREATE INDEX teams_created_at ON teams (created_at, id);
CREATE INDEX teams_updated_at ON teams (updated_at, id);

-- A user is in one team of a company, so that no sum counts anybody twice.
CREATE TABLE team_members (
    team_id UUID NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    company_id UUID NOT NULL REFERENCES companies (id),
    user_id UUID NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX team_members_team_id ON team_members (team_id, user_id);
CREATE INDEX team_members_user_id ON team_members (user_id, team_id);

CREATE TABLE territories (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id UUID NULL REFERENCES territories (id),
    countries JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX territories_company_name_key ON territories (company_id, name_key);
CREATE INDEX territories_company_id ON territories (company_id, id);
CREATE INDEX territories_parent_id ON territories (parent_id, id);
CREATE INDEX territories_name ON territories (name, id);
CREATE INDEX territories_created_at ON territories (created_at, id);
CREATE INDEX territories_updated_at ON territories (updated_at, id);

CREATE TABLE territory_countries (
    territory_id UUID NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    company_id UUID NOT NULL REFERENCES companies (id),
    country TEXT NOT NULL,
    PRIMARY KEY (company_id, country)
);
CREATE INDEX territory_countries_territory_id ON territory_countries (territory_id);

CREATE TABLE contact_merges (
    id UUID NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id UUID NOT NULL REFERENCES contacts (id),
    loser_id UUID NOT NULL REFERENCES contacts (id),
    conflicts JSONB NOT NULL,
    winner_before JSONB NOT NULL,
    winner_after JSONB NOT NULL,
    loser_before JSONB NOT NULL,
    undo_until TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (winner_id <> loser_id)
);
CREATE INDEX contact_merges_winner_id ON contact_merges (winner_id, id);
CREATE INDEX contact_merges_loser_id ON contact_merges (loser_id, id);
CREATE INDEX contact_merges_status ON contact_merges (status, id);
CREATE INDEX contact_merges_created_at ON contact_merges (created_at, id);
CREATE INDEX contact_merges_updated_at ON contact_merges (updated_at, id);

CREATE TABLE contact_merge_moves (
    merge_id UUID NOT NULL REFERENCES contact_merges (id),
    what TEXT NOT NULL,
    row_id UUID NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
);

-- What is posted stays as it is, but for the pointer to a party, which follows a merge and goes back with it.
CREATE FUNCTION follows_a_merge(old_party UUID, new_party UUID) RETURNS boolean LANGUAGE sql AS $$
    SELECT old_party IS NOT DISTINCT FROM new_party OR EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = old_party AND winner_id = new_party) OR (loser_id = new_party AND winner_id = old_party)));
$$;
