DROP TABLE tax_rules;
DROP TABLE tax_codes;
