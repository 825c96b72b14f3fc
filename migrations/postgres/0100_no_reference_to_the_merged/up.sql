-- Whoever writes a reference to a party or contact while that one is being merged away waits for the merge, is then refused as a
-- transaction that lost a race, and is repeated by the server: what it reads then is who stayed. The row is locked as the foreign
-- key locks it.
CREATE FUNCTION refuse_merged_party() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named UUID;
    stays UUID;
BEGIN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO named USING NEW;
    IF named IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT merged_into INTO stays FROM parties WHERE id = named FOR KEY SHARE;
    IF stays IS NOT NULL THEN
        RAISE EXCEPTION 'tandem: the party was merged into another one meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION refuse_merged_contact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named UUID;
    stays UUID;
BEGIN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO named USING NEW;
    IF named IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT merged_into INTO stays FROM contacts WHERE id = named FOR KEY SHARE;
    IF stays IS NOT NULL THEN
        RAISE EXCEPTION 'tandem: the contact was merged into another one meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sales_orders_customer_id_made_not_merged AFTER INSERT ON sales_orders FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER sales_orders_customer_id_not_merged AFTER UPDATE OF customer_id ON sales_orders FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER deliveries_customer_id_made_not_merged AFTER INSERT ON deliveries FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER deliveries_customer_id_not_merged AFTER UPDATE OF customer_id ON deliveries FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER customer_returns_customer_id_made_not_merged AFTER INSERT ON customer_returns FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER customer_returns_customer_id_not_merged AFTER UPDATE OF customer_id ON customer_returns FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER invoices_customer_id_made_not_merged AFTER INSERT ON invoices FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER invoices_customer_id_not_merged AFTER UPDATE OF customer_id ON invoices FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER credit_notes_customer_id_made_not_merged AFTER INSERT ON credit_notes FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER credit_notes_customer_id_not_merged AFTER UPDATE OF customer_id ON credit_notes FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER open_items_party_id_made_not_merged AFTER INSERT ON open_items FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER open_items_party_id_not_merged AFTER UPDATE OF party_id ON open_items FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER payments_party_id_made_not_merged AFTER INSERT ON payments FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER payments_party_id_not_merged AFTER UPDATE OF party_id ON payments FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER allocations_party_id_made_not_merged AFTER INSERT ON allocations FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER allocations_party_id_not_merged AFTER UPDATE OF party_id ON allocations FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER journal_lines_party_id_made_not_merged AFTER INSERT ON journal_lines FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER journal_lines_party_id_not_merged AFTER UPDATE OF party_id ON journal_lines FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER serials_customer_id_made_not_merged AFTER INSERT ON serials FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER serials_customer_id_not_merged AFTER UPDATE OF customer_id ON serials FOR EACH ROW WHEN (NEW.customer_id IS DISTINCT FROM OLD.customer_id) EXECUTE FUNCTION refuse_merged_party('customer_id');
CREATE TRIGGER opportunities_party_id_made_not_merged AFTER INSERT ON opportunities FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER opportunities_party_id_not_merged AFTER UPDATE OF party_id ON opportunities FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER quotes_party_id_made_not_merged AFTER INSERT ON quotes FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER quotes_party_id_not_merged AFTER UPDATE OF party_id ON quotes FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER activities_party_id_made_not_merged AFTER INSERT ON activities FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER activities_party_id_not_merged AFTER UPDATE OF party_id ON activities FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER leads_converted_party_id_made_not_merged AFTER INSERT ON leads FOR EACH ROW WHEN (NEW.converted_party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('converted_party_id');
CREATE TRIGGER leads_converted_party_id_not_merged AFTER UPDATE OF converted_party_id ON leads FOR EACH ROW WHEN (NEW.converted_party_id IS DISTINCT FROM OLD.converted_party_id) EXECUTE FUNCTION refuse_merged_party('converted_party_id');
CREATE TRIGGER cases_party_id_made_not_merged AFTER INSERT ON cases FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER cases_party_id_not_merged AFTER UPDATE OF party_id ON cases FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER entitlements_party_id_made_not_merged AFTER INSERT ON entitlements FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER entitlements_party_id_not_merged AFTER UPDATE OF party_id ON entitlements FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER survey_responses_party_id_made_not_merged AFTER INSERT ON survey_responses FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER survey_responses_party_id_not_merged AFTER UPDATE OF party_id ON survey_responses FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER consent_confirmations_party_id_made_not_merged AFTER INSERT ON consent_confirmations FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER consent_confirmations_party_id_not_merged AFTER UPDATE OF party_id ON consent_confirmations FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER touchpoints_party_id_made_not_merged AFTER INSERT ON touchpoints FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER touchpoints_party_id_not_merged AFTER UPDATE OF party_id ON touchpoints FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER relationships_party_id_made_not_merged AFTER INSERT ON relationships FOR EACH ROW WHEN (NEW.party_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER relationships_party_id_not_merged AFTER UPDATE OF party_id ON relationships FOR EACH ROW WHEN (NEW.party_id IS DISTINCT FROM OLD.party_id) EXECUTE FUNCTION refuse_merged_party('party_id');
CREATE TRIGGER parties_parent_id_made_not_merged AFTER INSERT ON parties FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_party('parent_id');
CREATE TRIGGER parties_parent_id_not_merged AFTER UPDATE OF parent_id ON parties FOR EACH ROW WHEN (NEW.parent_id IS DISTINCT FROM OLD.parent_id) EXECUTE FUNCTION refuse_merged_party('parent_id');
CREATE TRIGGER opportunities_contact_id_made_not_merged AFTER INSERT ON opportunities FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER opportunities_contact_id_not_merged AFTER UPDATE OF contact_id ON opportunities FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER opportunity_contact_roles_contact_id_made_not_merged AFTER INSERT ON opportunity_contact_roles FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER opportunity_contact_roles_contact_id_not_merged AFTER UPDATE OF contact_id ON opportunity_contact_roles FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER quotes_contact_id_made_not_merged AFTER INSERT ON quotes FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER quotes_contact_id_not_merged AFTER UPDATE OF contact_id ON quotes FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER leads_converted_contact_id_made_not_merged AFTER INSERT ON leads FOR EACH ROW WHEN (NEW.converted_contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('converted_contact_id');
CREATE TRIGGER leads_converted_contact_id_not_merged AFTER UPDATE OF converted_contact_id ON leads FOR EACH ROW WHEN (NEW.converted_contact_id IS DISTINCT FROM OLD.converted_contact_id) EXECUTE FUNCTION refuse_merged_contact('converted_contact_id');
CREATE TRIGGER cases_contact_id_made_not_merged AFTER INSERT ON cases FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER cases_contact_id_not_merged AFTER UPDATE OF contact_id ON cases FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER survey_responses_contact_id_made_not_merged AFTER INSERT ON survey_responses FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER survey_responses_contact_id_not_merged AFTER UPDATE OF contact_id ON survey_responses FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER consent_confirmations_contact_id_made_not_merged AFTER INSERT ON consent_confirmations FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER consent_confirmations_contact_id_not_merged AFTER UPDATE OF contact_id ON consent_confirmations FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER touchpoints_contact_id_made_not_merged AFTER INSERT ON touchpoints FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER touchpoints_contact_id_not_merged AFTER UPDATE OF contact_id ON touchpoints FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER relationships_contact_id_made_not_merged AFTER INSERT ON relationships FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_contact('contact_id');
CREATE TRIGGER relationships_contact_id_not_merged AFTER UPDATE OF contact_id ON relationships FOR EACH ROW WHEN (NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION refuse_merged_contact('contact_id');
