//! Rows of accounts.

use domain::accounting::accounts::Account;

crate::record! {
    accounts: Account {
        id: uid, company_id: uid, code: text, name: text, account_type: word, normal_side: word, heading: bool, control: bool,
        contra: bool, currency: opt(text), archived: bool, version: int, created_at: instant, updated_at: instant,
    }
}
