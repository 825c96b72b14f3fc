-- Baseline of the area `directory`.

-- Who and what everybody deals with: companies, parties, contacts, products, units, currencies and their rates.

-- Legal entities whose books are kept.
CREATE TABLE companies (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    fiscal_year_start_month INTEGER NOT NULL,
    rounding TEXT NOT NULL,
    prices_include_tax INTEGER NOT NULL,
    negative_stock TEXT NOT NULL,
    credit_policy TEXT NOT NULL,
    payment_terms_days INTEGER NOT NULL,
    tax_id TEXT NULL,
    address TEXT NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    order_closing TEXT NOT NULL DEFAULT 'manual'
) STRICT;
CREATE UNIQUE INDEX companies_code_key ON companies (code);
CREATE INDEX companies_name ON companies (name, id);
CREATE INDEX companies_currency ON companies (currency, id);
CREATE INDEX companies_updated_at ON companies (updated_at, id);

-- Currencies of ISO 4217 that money can be kept in. The id is the code, padded with zero bytes.
CREATE TABLE currencies (
    id BLOB NOT NULL PRIMARY KEY,
    numeric_code TEXT NOT NULL,
    name TEXT NOT NULL,
    minor_units INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX currencies_name ON currencies (name, id);
-- The list of the program; a test compares the two.
INSERT INTO currencies (id, numeric_code, name, minor_units, version) VALUES
    (X'41454400000000000000000000000000', '784', 'United Arab Emirates dirham', 2, 1),
    (X'41464e00000000000000000000000000', '971', 'Afghan afghani', 2, 1),
    (X'414c4c00000000000000000000000000', '008', 'Albanian lek', 2, 1),
    (X'414d4400000000000000000000000000', '051', 'Armenian dram', 2, 1),
    (X'414f4100000000000000000000000000', '973', 'Angolan kwanza', 2, 1),
    (X'41525300000000000000000000000000', '032', 'Argentine peso', 2, 1),
    (X'41554400000000000000000000000000', '036', 'Australian dollar', 2, 1),
    (X'41574700000000000000000000000000', '533', 'Aruban florin', 2, 1),
    (X'415a4e00000000000000000000000000', '944', 'Azerbaijani manat', 2, 1),
    (X'42414d00000000000000000000000000', '977', 'Bosnia and Herzegovina convertible mark', 2, 1),
    (X'42424400000000000000000000000000', '052', 'Barbados dollar', 2, 1),
    (X'42445400000000000000000000000000', '050', 'Bangladeshi taka', 2, 1),
    (X'42474e00000000000000000000000000', '975', 'Bulgarian lev', 2, 1),
    (X'42484400000000000000000000000000', '048', 'Bahraini dinar', 3, 1),
    (X'42494600000000000000000000000000', '108', 'Burundian franc', 0, 1),
    (X'424d4400000000000000000000000000', '060', 'Bermudian dollar', 2, 1),
    (X'424e4400000000000000000000000000', '096', 'Brunei dollar', 2, 1),
    (X'424f4200000000000000000000000000', '068', 'Boliviano', 2, 1),
    (X'424f5600000000000000000000000000', '984', 'Bolivian Mvdol', 2, 1),
    (X'42524c00000000000000000000000000', '986', 'Brazilian real', 2, 1),
    (X'42534400000000000000000000000000', '044', 'Bahamian dollar', 2, 1),
    (X'42544e00000000000000000000000000', '064', 'Bhutanese ngultrum', 2, 1),
    (X'42575000000000000000000000000000', '072', 'Botswana pula', 2, 1),
    (X'42594e00000000000000000000000000', '933', 'Belarusian ruble', 2, 1),
    (X'425a4400000000000000000000000000', '084', 'Belize dollar', 2, 1),
    (X'43414400000000000000000000000000', '124', 'Canadian dollar', 2, 1),
    (X'43444600000000000000000000000000', '976', 'Congolese franc', 2, 1),
    (X'43484500000000000000000000000000', '947', 'WIR Euro', 2, 1),
    (X'43484600000000000000000000000000', '756', 'Swiss franc', 2, 1),
    (X'43485700000000000000000000000000', '948', 'WIR Franc', 2, 1),
    (X'434c4600000000000000000000000000', '990', 'Unidad de Fomento', 4, 1),
    (X'434c5000000000000000000000000000', '152', 'Chilean peso', 0, 1),
    (X'434e5900000000000000000000000000', '156', 'Renminbi (Chinese) yuan', 2, 1),
    (X'434f5000000000000000000000000000', '170', 'Colombian peso', 2, 1),
    (X'434f5500000000000000000000000000', '970', 'Unidad de Valor Real (UVR)', 2, 1),
    (X'43524300000000000000000000000000', '188', 'Costa Rican colon', 2, 1),
    (X'43554300000000000000000000000000', '931', 'Cuban convertible peso', 2, 1),
    (X'43555000000000000000000000000000', '192', 'Cuban peso', 2, 1),
    (X'43564500000000000000000000000000', '132', 'Cape Verdean escudo', 2, 1),
    (X'435a4b00000000000000000000000000', '203', 'Czech koruna', 2, 1),
    (X'444a4600000000000000000000000000', '262', 'Djiboutian franc', 0, 1),
    (X'444b4b00000000000000000000000000', '208', 'Danish krone', 2, 1),
    (X'444f5000000000000000000000000000', '214', 'Dominican peso', 2, 1),
    (X'445a4400000000000000000000000000', '012', 'Algerian dinar', 2, 1),
    (X'45475000000000000000000000000000', '818', 'Egyptian pound', 2, 1),
    (X'45524e00000000000000000000000000', '232', 'Eritrean nakfa', 2, 1),
    (X'45544200000000000000000000000000', '230', 'Ethiopian birr', 2, 1),
    (X'45555200000000000000000000000000', '978', 'Euro', 2, 1),
    (X'464a4400000000000000000000000000', '242', 'Fiji dollar', 2, 1),
    (X'464b5000000000000000000000000000', '238', 'Falkland Islands pound', 2, 1),
    (X'47425000000000000000000000000000', '826', 'Pound sterling', 2, 1),
    (X'47454c00000000000000000000000000', '981', 'Georgian lari', 2, 1),
    (X'47485300000000000000000000000000', '936', 'Ghanaian cedi', 2, 1),
    (X'47495000000000000000000000000000', '292', 'Gibraltar pound', 2, 1),
    (X'474d4400000000000000000000000000', '270', 'Gambian dalasi', 2, 1),
    (X'474e4600000000000000000000000000', '324', 'Guinean franc', 0, 1),
    (X'47545100000000000000000000000000', '320', 'Guatemalan quetzal', 2, 1),
    (X'47594400000000000000000000000000', '328', 'Guyanese dollar', 2, 1),
    (X'484b4400000000000000000000000000', '344', 'Hong Kong dollar', 2, 1),
    (X'484e4c00000000000000000000000000', '340', 'Honduran lempira', 2, 1),
    (X'48524b00000000000000000000000000', '191', 'Croatian kuna', 2, 1),
    (X'48544700000000000000000000000000', '332', 'Haitian gourde', 2, 1),
    (X'48554600000000000000000000000000', '348', 'Hungarian forint', 2, 1),
    (X'49445200000000000000000000000000', '360', 'Indonesian rupiah', 2, 1),
    (X'494c5300000000000000000000000000', '376', 'Israeli new shekel', 2, 1),
    (X'494e5200000000000000000000000000', '356', 'Indian rupee', 2, 1),
    (X'49514400000000000000000000000000', '368', 'Iraqi dinar', 3, 1),
    (X'49525200000000000000000000000000', '364', 'Iranian rial', 2, 1),
    (X'49534b00000000000000000000000000', '352', 'Icelandic króna', 0, 1),
    (X'4a4d4400000000000000000000000000', '388', 'Jamaican dollar', 2, 1),
    (X'4a4f4400000000000000000000000000', '400', 'Jordanian dinar', 3, 1),
    (X'4a505900000000000000000000000000', '392', 'Japanese yen', 0, 1),
    (X'4b455300000000000000000000000000', '404', 'Kenyan shilling', 2, 1),
    (X'4b475300000000000000000000000000', '417', 'Kyrgyzstani som', 2, 1),
    (X'4b485200000000000000000000000000', '116', 'Cambodian riel', 2, 1),
    (X'4b4d4600000000000000000000000000', '174', 'Comoro franc', 0, 1),
    (X'4b505700000000000000000000000000', '408', 'North Korean won', 2, 1),
    (X'4b525700000000000000000000000000', '410', 'South Korean won', 0, 1),
    (X'4b574400000000000000000000000000', '414', 'Kuwaiti dinar', 3, 1),
    (X'4b594400000000000000000000000000', '136', 'Cayman Islands dollar', 2, 1),
    (X'4b5a5400000000000000000000000000', '398', 'Kazakhstani tenge', 2, 1),
    (X'4c414b00000000000000000000000000', '418', 'Lao kip', 2, 1),
    (X'4c425000000000000000000000000000', '422', 'Lebanese pound', 2, 1),
    (X'4c4b5200000000000000000000000000', '144', 'Sri Lankan rupee', 2, 1),
    (X'4c524400000000000000000000000000', '430', 'Liberian dollar', 2, 1),
    (X'4c534c00000000000000000000000000', '426', 'Lesotho loti', 2, 1),
    (X'4c594400000000000000000000000000', '434', 'Libyan dinar', 3, 1),
    (X'4d414400000000000000000000000000', '504', 'Moroccan dirham', 2, 1),
    (X'4d444c00000000000000000000000000', '498', 'Moldovan leu', 2, 1),
    (X'4d474100000000000000000000000000', '969', 'Malagasy ariary', 2, 1),
    (X'4d4b4400000000000000000000000000', '807', 'Macedonian denar', 2, 1),
    (X'4d4d4b00000000000000000000000000', '104', 'Myanmar kyat', 2, 1),
    (X'4d4e5400000000000000000000000000', '496', 'Mongolian tögrög', 2, 1),
    (X'4d4f5000000000000000000000000000', '446', 'Macanese pataca', 2, 1),
    (X'4d525500000000000000000000000000', '929', 'Mauritanian ouguiya', 2, 1),
    (X'4d555200000000000000000000000000', '480', 'Mauritian rupee', 2, 1),
    (X'4d565200000000000000000000000000', '462', 'Maldivian rufiyaa', 2, 1),
    (X'4d574b00000000000000000000000000', '454', 'Malawian kwacha', 2, 1),
    (X'4d584e00000000000000000000000000', '484', 'Mexican peso', 2, 1),
    (X'4d585600000000000000000000000000', '979', 'Mexican Unidad de Inversion (UDI)', 2, 1),
    (X'4d595200000000000000000000000000', '458', 'Malaysian ringgit', 2, 1),
    (X'4d5a4e00000000000000000000000000', '943', 'Mozambican metical', 2, 1),
    (X'4e414400000000000000000000000000', '516', 'Namibian dollar', 2, 1),
    (X'4e474e00000000000000000000000000', '566', 'Nigerian naira', 2, 1),
    (X'4e494f00000000000000000000000000', '558', 'Nicaraguan córdoba', 2, 1),
    (X'4e4f4b00000000000000000000000000', '578', 'Norwegian krone', 2, 1),
    (X'4e505200000000000000000000000000', '524', 'Nepalese rupee', 2, 1),
    (X'4e5a4400000000000000000000000000', '554', 'New Zealand dollar', 2, 1),
    (X'4f4d5200000000000000000000000000', '512', 'Omani rial', 3, 1),
    (X'50414200000000000000000000000000', '590', 'Panamanian balboa', 2, 1),
    (X'50454e00000000000000000000000000', '604', 'Peruvian sol', 2, 1),
    (X'50474b00000000000000000000000000', '598', 'Papua New Guinean kina', 2, 1),
    (X'50485000000000000000000000000000', '608', 'Philippine peso', 2, 1),
    (X'504b5200000000000000000000000000', '586', 'Pakistani rupee', 2, 1),
    (X'504c4e00000000000000000000000000', '985', 'Polish złoty', 2, 1),
    (X'50594700000000000000000000000000', '600', 'Paraguayan guaraní', 0, 1),
    (X'51415200000000000000000000000000', '634', 'Qatari riyal', 2, 1),
    (X'524f4e00000000000000000000000000', '946', 'Romanian leu', 2, 1),
    (X'52534400000000000000000000000000', '941', 'Serbian dinar', 2, 1),
    (X'52554200000000000000000000000000', '643', 'Russian ruble', 2, 1),
    (X'52574600000000000000000000000000', '646', 'Rwandan franc', 0, 1),
    (X'53415200000000000000000000000000', '682', 'Saudi riyal', 2, 1),
    (X'53424400000000000000000000000000', '090', 'Solomon Islands dollar', 2, 1),
    (X'53435200000000000000000000000000', '690', 'Seychelles rupee', 2, 1),
    (X'53444700000000000000000000000000', '938', 'Sudanese pound', 2, 1),
    (X'53454b00000000000000000000000000', '752', 'Swedish krona/kronor', 2, 1),
    (X'53474400000000000000000000000000', '702', 'Singapore dollar', 2, 1),
    (X'53485000000000000000000000000000', '654', 'Saint Helena pound', 2, 1),
    (X'534c4500000000000000000000000000', '925', 'Sierra Leonean leone', 2, 1),
    (X'534c4c00000000000000000000000000', '694', 'Sierra Leonean leone', 2, 1),
    (X'534f5300000000000000000000000000', '706', 'Somali shilling', 2, 1),
    (X'53524400000000000000000000000000', '968', 'Surinamese dollar', 2, 1),
    (X'53535000000000000000000000000000', '728', 'South Sudanese pound', 2, 1),
    (X'53544e00000000000000000000000000', '930', 'São Tomé and Príncipe dobra', 2, 1),
    (X'53564300000000000000000000000000', '222', 'Salvadoran colón', 2, 1),
    (X'53595000000000000000000000000000', '760', 'Syrian pound', 2, 1),
    (X'535a4c00000000000000000000000000', '748', 'Swazi lilangeni', 2, 1),
    (X'54484200000000000000000000000000', '764', 'Thai baht', 2, 1),
    (X'544a5300000000000000000000000000', '972', 'Tajikistani somoni', 2, 1),
    (X'544d5400000000000000000000000000', '934', 'Turkmenistan manat', 2, 1),
    (X'544e4400000000000000000000000000', '788', 'Tunisian dinar', 3, 1),
    (X'544f5000000000000000000000000000', '776', 'Tongan paʻanga', 2, 1),
    (X'54525900000000000000000000000000', '949', 'Turkish lira', 2, 1),
    (X'54544400000000000000000000000000', '780', 'Trinidad and Tobago dollar', 2, 1),
    (X'54574400000000000000000000000000', '901', 'New Taiwan dollar', 2, 1),
    (X'545a5300000000000000000000000000', '834', 'Tanzanian shilling', 2, 1),
    (X'55414800000000000000000000000000', '980', 'Ukrainian hryvnia', 2, 1),
    (X'55475800000000000000000000000000', '800', 'Ugandan shilling', 0, 1),
    (X'55534400000000000000000000000000', '840', 'United States dollar', 2, 1),
    (X'55534e00000000000000000000000000', '997', 'United States dollar (next day)', 2, 1),
    (X'55594900000000000000000000000000', '940', 'Uruguay Peso en Unidades Indexadas (URUIURUI)', 0, 1),
    (X'55595500000000000000000000000000', '858', 'Uruguayan peso', 2, 1),
    (X'55595700000000000000000000000000', '927', 'Unidad previsional', 4, 1),
    (X'555a5300000000000000000000000000', '860', 'Uzbekistan som', 2, 1),
    (X'56454400000000000000000000000000', '926', 'Venezuelan bolívar soberano', 2, 1),
    (X'56455300000000000000000000000000', '928', 'Venezuelan bolívar soberano', 2, 1),
    (X'564e4400000000000000000000000000', '704', 'Vietnamese đồng', 0, 1),
    (X'56555600000000000000000000000000', '548', 'Vanuatu vatu', 0, 1),
    (X'57535400000000000000000000000000', '882', 'Samoan tala', 2, 1),
    (X'58414400000000000000000000000000', '396', 'Arab Accounting Dinar', 2, 1),
    (X'58414600000000000000000000000000', '950', 'CFA franc BEAC', 0, 1),
    (X'58434400000000000000000000000000', '951', 'East Caribbean dollar', 2, 1),
    (X'58434700000000000000000000000000', '532', 'Caribean guilder', 2, 1),
    (X'584f4600000000000000000000000000', '952', 'CFA franc BCEAO', 0, 1),
    (X'58504600000000000000000000000000', '953', 'CFP franc (franc Pacifique)', 0, 1),
    (X'59455200000000000000000000000000', '886', 'Yemeni rial', 2, 1),
    (X'5a415200000000000000000000000000', '710', 'South African rand', 2, 1),
    (X'5a4d5700000000000000000000000000', '967', 'Zambian kwacha', 2, 1),
    (X'5a574700000000000000000000000000', '924', 'Zimbabwe Gold', 2, 1),
    (X'5a574c00000000000000000000000000', '932', 'Zimbabwean dollar', 2, 1);

-- What one unit of a currency is worth in another, by day, kind and source.
CREATE TABLE exchange_rates (
    id BLOB NOT NULL PRIMARY KEY,
    from_currency TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    rate_date TEXT NOT NULL,
    rate INTEGER NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (rate > 0),
    CHECK (from_currency <> to_currency)
) STRICT;
CREATE UNIQUE INDEX exchange_rates_key ON exchange_rates (from_currency, to_currency, kind, rate_date, source);
CREATE INDEX exchange_rates_reverse ON exchange_rates (to_currency, from_currency, kind, rate_date);
CREATE INDEX exchange_rates_rate_date ON exchange_rates (rate_date, id);
CREATE INDEX exchange_rates_source ON exchange_rates (source, id);
CREATE INDEX exchange_rates_updated_at ON exchange_rates (updated_at, id);

-- Units of measure; one is numerator / denominator of the category's base unit.
CREATE TABLE units (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    numerator INTEGER NOT NULL,
    denominator INTEGER NOT NULL,
    places INTEGER NOT NULL,
    archived_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (numerator > 0),
    CHECK (denominator > 0)
) STRICT;
CREATE UNIQUE INDEX units_code_key ON units (code);
CREATE INDEX units_category ON units (category, id);
CREATE INDEX units_name ON units (name, id);
CREATE INDEX units_updated_at ON units (updated_at, id);
-- The usual units. mass: kg, length: m, area: m2, volume: l, time: h are the base units.
INSERT INTO units (id, code, name, category, numerator, denominator, places, archived_at, created_at, updated_at, version) VALUES
    (X'019b76da800070008000000000000001', 'each', 'Each', 'count', 10000000000, 10000000000, 0, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000002', 'pair', 'Pair', 'count', 20000000000, 10000000000, 0, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000003', 'dozen', 'Dozen', 'count', 120000000000, 10000000000, 4, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000004', 'gross', 'Gross', 'count', 1440000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000005', 'kg', 'Kilogram', 'mass', 10000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000006', 'g', 'Gram', 'mass', 10000000, 10000000000, 3, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000007', 't', 'Tonne', 'mass', 10000000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000008', 'lb', 'Pound', 'mass', 4535923700, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000009', 'oz', 'Ounce', 'mass', 283495231250, 10000000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000a', 'm', 'Metre', 'length', 10000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000b', 'cm', 'Centimetre', 'length', 100000000, 10000000000, 4, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000c', 'mm', 'Millimetre', 'length', 10000000, 10000000000, 3, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000d', 'km', 'Kilometre', 'length', 10000000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000e', 'in', 'Inch', 'length', 254000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da80007000800000000000000f', 'ft', 'Foot', 'length', 3048000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000010', 'm2', 'Square metre', 'area', 10000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000011', 'l', 'Litre', 'volume', 10000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000012', 'ml', 'Millilitre', 'volume', 10000000, 10000000000, 3, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000013', 'm3', 'Cubic metre', 'volume', 10000000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000014', 'gal', 'Gallon (US)', 'volume', 37854117840, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000015', 'h', 'Hour', 'time', 10000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000016', 'min', 'Minute', 'time', 10000000000, 600000000000, 4, NULL, 1767225600000000, 1767225600000000, 1),
    (X'019b76da800070008000000000000017', 'day', 'Day', 'time', 240000000000, 10000000000, 6, NULL, 1767225600000000, 1767225600000000, 1);

-- What is bought, kept and sold.
CREATE TABLE products (
    id BLOB NOT NULL PRIMARY KEY,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NULL,
    kind TEXT NOT NULL,
    unit_id BLOB NOT NULL REFERENCES units (id),
    sales_price INTEGER NULL,
    expected_cost INTEGER NULL,
    currency TEXT NULL,
    tax_class TEXT NOT NULL,
    posting_class TEXT NOT NULL,
    category TEXT NULL,
    barcode TEXT NULL,
    weight_kg INTEGER NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    archived_at INTEGER NULL,
    search TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    tracking TEXT NOT NULL DEFAULT 'none'
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    code TEXT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NULL,
    tax_id TEXT NULL,
    is_customer INTEGER NOT NULL,
    is_vendor INTEGER NOT NULL,
    customer_terms TEXT NOT NULL,
    vendor_terms TEXT NOT NULL,
    addresses TEXT NOT NULL,
    emails TEXT NOT NULL,
    phones TEXT NOT NULL,
    website TEXT NULL,
    external_ids TEXT NOT NULL,
    parent_id BLOB NULL REFERENCES parties (id),
    owner_id BLOB NULL REFERENCES users (id),
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    archived_at INTEGER NULL,
    search TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    merged_into BLOB NULL REFERENCES parties (id),
    erased_at INTEGER NULL,
    CHECK (parent_id <> id)
) STRICT;
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
    party_id BLOB NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (system, value)
) STRICT;
CREATE INDEX party_external_ids_party_id ON party_external_ids (party_id);

-- E-mail addresses of parties in lower case; written with the party, looked up for duplicates.
CREATE TABLE party_emails (
    party_id BLOB NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (party_id, address)
) STRICT;
CREATE INDEX party_emails_address ON party_emails (address);
-- Conversions look for organisations with the e-mail domain of the lead.
CREATE INDEX party_emails_domain ON party_emails (substr(address, instr(address, '@') + 1), party_id);

-- People, whomever they work for.
CREATE TABLE contacts (
    id BLOB NOT NULL PRIMARY KEY,
    first_name TEXT NULL,
    last_name TEXT NOT NULL,
    name TEXT NOT NULL,
    salutation TEXT NULL,
    language TEXT NULL,
    emails TEXT NOT NULL,
    phones TEXT NOT NULL,
    address TEXT NULL,
    external_ids TEXT NOT NULL,
    owner_id BLOB NULL REFERENCES users (id),
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    archived_at INTEGER NULL,
    search TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    erased_at INTEGER NULL,
    merged_into BLOB NULL REFERENCES contacts (id)
) STRICT;
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
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (system, value)
) STRICT;
CREATE INDEX contact_external_ids_contact_id ON contact_external_ids (contact_id);

-- E-mail addresses of people in lower case; written with the contact, looked up for duplicates.
CREATE TABLE contact_emails (
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (contact_id, address)
) STRICT;
CREATE INDEX contact_emails_address ON contact_emails (address);
CREATE INDEX contact_emails_domain ON contact_emails (substr(address, instr(address, '@') + 1), contact_id);

-- A person's role at a party, from when to when.
CREATE TABLE relationships (
    id BLOB NOT NULL PRIMARY KEY,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    party_id BLOB NOT NULL REFERENCES parties (id),
    title TEXT NULL,
    role TEXT NULL,
    from_date TEXT NULL,
    to_date TEXT NULL,
    is_primary INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX relationships_contact_id ON relationships (contact_id, id);
CREATE INDEX relationships_party_id ON relationships (party_id, id);
CREATE INDEX relationships_updated_at ON relationships (updated_at, id);
-- A party has one person to ask first.
CREATE UNIQUE INDEX relationships_primary_key ON relationships (party_id) WHERE is_primary = 1;

-- What parties are found by when another may be the same: phones, tax numbers, parts of names. Written with the party.
CREATE TABLE party_match_keys (
    key TEXT NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (key, party_id)
) STRICT;
CREATE INDEX party_match_keys_party_id ON party_match_keys (party_id);

-- The same of people; written with the contact.
CREATE TABLE contact_match_keys (
    key TEXT NOT NULL,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (key, contact_id)
) STRICT;
CREATE INDEX contact_match_keys_contact_id ON contact_match_keys (contact_id);

-- Merges, with what was there before. The two parties are never moved in here.
CREATE TABLE party_merges (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id BLOB NOT NULL REFERENCES parties (id),
    loser_id BLOB NOT NULL REFERENCES parties (id),
    conflicts TEXT NOT NULL,
    winner_before TEXT NOT NULL,
    winner_after TEXT NOT NULL,
    loser_before TEXT NOT NULL,
    undo_until INTEGER NOT NULL,
    undone_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (winner_id <> loser_id)
) STRICT;
CREATE INDEX party_merges_winner_id ON party_merges (winner_id, id);
CREATE INDEX party_merges_loser_id ON party_merges (loser_id, id);
CREATE INDEX party_merges_status ON party_merges (status, id);
CREATE INDEX party_merges_created_at ON party_merges (created_at, id);
CREATE INDEX party_merges_updated_at ON party_merges (updated_at, id);

-- Which rows followed, so that exactly they go back.
CREATE TABLE party_merge_moves (
    merge_id BLOB NOT NULL REFERENCES party_merges (id),
    what TEXT NOT NULL,
    row_id BLOB NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
) STRICT;

-- What people like, and the messages by which they confirm that they want some.

-- What is known of somebody's likings: stated by the person, or inferred from what the person did.
CREATE TABLE contact_preferences (
    id BLOB NOT NULL PRIMARY KEY,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    provenance TEXT NOT NULL,
    source TEXT NULL,
    noted_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (provenance IN ('stated', 'inferred'))
) STRICT;
CREATE UNIQUE INDEX contact_preferences_name_key ON contact_preferences (contact_id, name);
CREATE INDEX contact_preferences_contact_id ON contact_preferences (contact_id, id);
CREATE INDEX contact_preferences_name ON contact_preferences (name, id);
CREATE INDEX contact_preferences_provenance ON contact_preferences (provenance, id);
CREATE INDEX contact_preferences_kind ON contact_preferences (kind, id);
CREATE INDEX contact_preferences_noted_at ON contact_preferences (noted_at, id);

-- Who sells where: teams with managers, territories of countries; and what deals are counted by.

CREATE TABLE teams (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id BLOB NULL REFERENCES teams (id),
    manager_id BLOB NULL REFERENCES users (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX teams_company_name_key ON teams (company_id, name_key);
CREATE INDEX teams_company_id ON teams (company_id, id);
CREATE INDEX teams_parent_id ON teams (parent_id, id);
CREATE INDEX teams_manager_id ON teams (manager_id, id);
CREATE INDEX teams_name ON teams (name, id);
CREATE INDEX teams_created_at ON teams (created_at, id);
CREATE INDEX teams_updated_at ON teams (updated_at, id);

-- A user is in one team of a company, so that no sum counts anybody twice.
CREATE TABLE team_members (
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    company_id BLOB NOT NULL REFERENCES companies (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (company_id, user_id)
) STRICT;
CREATE INDEX team_members_team_id ON team_members (team_id, user_id);
CREATE INDEX team_members_user_id ON team_members (user_id, team_id);

CREATE TABLE territories (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id BLOB NULL REFERENCES territories (id),
    countries TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX territories_company_name_key ON territories (company_id, name_key);
CREATE INDEX territories_company_id ON territories (company_id, id);
CREATE INDEX territories_parent_id ON territories (parent_id, id);
CREATE INDEX territories_name ON territories (name, id);
CREATE INDEX territories_created_at ON territories (created_at, id);
CREATE INDEX territories_updated_at ON territories (updated_at, id);

CREATE TABLE territory_countries (
    territory_id BLOB NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    company_id BLOB NOT NULL REFERENCES companies (id),
    country TEXT NOT NULL,
    PRIMARY KEY (company_id, country)
) STRICT;
CREATE INDEX territory_countries_territory_id ON territory_countries (territory_id);

CREATE TABLE contact_merges (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id BLOB NOT NULL REFERENCES contacts (id),
    loser_id BLOB NOT NULL REFERENCES contacts (id),
    conflicts TEXT NOT NULL,
    winner_before TEXT NOT NULL,
    winner_after TEXT NOT NULL,
    loser_before TEXT NOT NULL,
    undo_until INTEGER NOT NULL,
    undone_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (winner_id <> loser_id)
) STRICT;
CREATE INDEX contact_merges_winner_id ON contact_merges (winner_id, id);
CREATE INDEX contact_merges_loser_id ON contact_merges (loser_id, id);
CREATE INDEX contact_merges_status ON contact_merges (status, id);
CREATE INDEX contact_merges_created_at ON contact_merges (created_at, id);
CREATE INDEX contact_merges_updated_at ON contact_merges (updated_at, id);

CREATE TABLE contact_merge_moves (
    merge_id BLOB NOT NULL REFERENCES contact_merges (id),
    what TEXT NOT NULL,
    row_id BLOB NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
) STRICT;
