//! What a caller may see of a record: how far a permission reaches, and the classes of fields that need a permission of
//! their own.

crate::string_enum! {
    /// On which records a permission counts. Each reaches what those before it reach, and more.
    pub enum Reach {
        /// Those that the caller owns.
        Own = "own",
        /// Those of the members of the caller's team, and of the teams that the caller manages and those below them.
        Team = "team",
        /// Those in the caller's territories and in the territories below them.
        Territory = "territory",
        /// Those of the companies that the caller was granted.
        Company = "company",
        /// All; the companies that the caller was granted bound it, too.
        All = "all",
    }
    /// What kind of secret a field is.
    pub enum FieldClass {
        /// What goods cost and what stock is worth.
        Cost = "cost",
        /// What is earned by a sale.
        Margin = "margin",
        /// Bank accounts.
        Bank = "bank",
        /// What people are paid.
        Salary = "salary",
        /// What is known of a person beyond name and business.
        Personal = "personal",
    }
}

impl FieldClass {
    /// The permission to see fields of the class.
    pub fn permission(self) -> &'static str {
        match self {
            FieldClass::Cost => "fields.cost.read",
            FieldClass::Margin => "fields.margin.read",
            FieldClass::Bank => "fields.bank.read",
            FieldClass::Salary => "fields.salary.read",
            FieldClass::Personal => "fields.personal.read",
        }
    }
}

impl Reach {
    /// Whether it leaves out records of the caller's companies.
    pub fn is_limited(self) -> bool {
        self < Reach::Company
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::permissions::is_pattern;

    #[test]
    fn reaches_are_in_order_and_classes_have_permissions() {
        assert!(Reach::ALL.is_sorted() && Reach::Territory.is_limited() && !Reach::Company.is_limited());
        assert!(FieldClass::ALL.iter().all(|c| is_pattern(c.permission()) && c.permission() == format!("fields.{c}.read")));
    }
}
