DROP TABLE account_balances;
DROP TABLE journal_lines;
DROP TABLE journal_entries;
DROP TABLE periods;
DROP TABLE fiscal_years;
DROP TABLE accounting_policies;
DROP TABLE account_determinations;
DROP TABLE accounts;
