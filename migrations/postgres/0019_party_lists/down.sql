DROP INDEX parties_vendors_by_name;
DROP INDEX parties_customers_by_name;
