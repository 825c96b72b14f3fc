//! The door through which other areas put figures into the books: what they say (a role, not an account number), and
//! the words for it. Which account a role means is decided by the account determinations of the company.
//!
//! The service side is `erp::accounting::posting::post(cx, Posting { … }) -> Result<Option<JournalEntry>>`; `None` when
//! every line was zero and nothing was posted.

use chrono::NaiveDate;

use crate::directory::products::PostingClass;
use crate::ids::{AccountId, CompanyId, PartyId, ProductId, TaxCodeId};
use crate::kernel::{Amount, Code, Rate};

crate::string_enum! {
    /// What an account is for in an automatic posting.
    pub enum Role as AccountRole {
        /// What customers owe (1100).
        Receivable = "receivable",
        /// Money received, not yet on a bank statement (1030).
        ReceiptsInTransit = "receipts_in_transit",
        /// Money paid out, not yet on a bank statement (1035).
        PaymentsInTransit = "payments_in_transit",
        /// Expected losses on receivables (1110).
        DoubtfulAllowance = "doubtful_allowance",
        /// Recoverable tax on purchases (1150).
        InputTax = "input_tax",
        /// Stock on hand, by item class (1200, 1220, 1230).
        Inventory = "inventory",
        /// Unfinished goods (1210).
        WorkInProcess = "work_in_process",
        /// Goods on the way between own places (1240).
        InventoryInTransit = "inventory_in_transit",
        /// Shipped and not yet invoiced, when cost is recognised at invoice (1260).
        ShippedNotInvoiced = "shipped_not_invoiced",
        /// Reserve for stock written down (1290).
        WriteDownReserve = "write_down_reserve",
        /// What vendors are owed (2010).
        Payable = "payable",
        /// Goods received, not yet invoiced (2020).
        GoodsReceived = "goods_received",
        /// Landed cost accrued (2030).
        LandedCostAccrual = "landed_cost_accrual",
        /// Tax on sales (2100).
        OutputTax = "output_tax",
        /// Deposits of customers (2200).
        CustomerDeposits = "customer_deposits",
        /// Revenue of later periods (2210).
        DeferredRevenue = "deferred_revenue",
        /// Results of past years (3100).
        RetainedEarnings = "retained_earnings",
        /// Revenue, by item class (4010, 4020, 4030, 4040).
        Revenue = "revenue",
        /// Credits given to customers (4100).
        SalesReturns = "sales_returns",
        /// Discounts for early payment (4110).
        CashDiscounts = "cash_discounts",
        /// Cost of what was sold, by item class (5010, 5020).
        CostOfSales = "cost_of_sales",
        /// Purchase price other than expected (5100).
        PriceVariance = "price_variance",
        /// Gain or loss found by counting (5200).
        CountDifference = "count_difference",
        /// Abnormal scrap (5210).
        Scrap = "scrap",
        /// Corrections of the cost of stock (5220).
        CostAdjustment = "cost_adjustment",
        /// Stock written down to market (5230).
        WriteDown = "write_down",
        /// Receivables given up (6500).
        BadDebts = "bad_debts",
        /// Bank charges (6510).
        BankCharges = "bank_charges",
        /// Small differences in payments (6600).
        PaymentDifferences = "payment_differences",
        /// Cents left by rounding (6610).
        RoundingDifferences = "rounding_differences",
        /// Realised currency gains (7010).
        RealisedGain = "realised_gain",
        /// Realised currency losses (7020).
        RealisedLoss = "realised_loss",
        /// Counterpart of opening balances; ends at zero (9980).
        OpeningBalance = "opening_balance",
        /// Not yet explained; zero at close (9990).
        Suspense = "suspense",
    }
    /// What kind of item a posting is about; picks the account within a role.
    pub enum ItemClass {
        Merchandise = "merchandise",
        RawMaterial = "raw_material",
        FinishedGoods = "finished_goods",
        Service = "service",
        Subscription = "subscription",
        /// Freight and other charges.
        Freight = "freight",
    }
    /// The part of the books whose period must be open.
    pub enum ModuleClass {
        Gl = "gl",
        Ar = "ar",
        Ap = "ap",
        Inventory = "inventory",
        Payroll = "payroll",
        Tax = "tax",
    }
    /// The book an entry belongs to; each has its own gapless numbers per company and year.
    pub enum Journal {
        General = "general",
        Sales = "sales",
        Purchases = "purchases",
        Cash = "cash",
        Inventory = "inventory",
        Payroll = "payroll",
    }
}

pub const POSTING_RULE_MISSING: Code = Code::invalid("posting_rule_missing", "No account is determined for this posting.");

impl From<PostingClass> for ItemClass {
    fn from(class: PostingClass) -> Self {
        match class {
            PostingClass::Merchandise => Self::Merchandise,
            PostingClass::FinishedGoods => Self::FinishedGoods,
            PostingClass::RawMaterial => Self::RawMaterial,
            PostingClass::Service => Self::Service,
        }
    }
}

impl Journal {
    /// The series of the journal's numbers, as in `SJ-2026-00012`.
    pub fn series(self) -> &'static str {
        match self {
            Self::General => "GJ",
            Self::Sales => "SJ",
            Self::Purchases => "PJ",
            Self::Cash => "CJ",
            Self::Inventory => "IJ",
            Self::Payroll => "YJ",
        }
    }
}

/// Where a line goes: a role to be resolved, or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRef {
    /// The account determined for this role and, if given, this kind of item.
    Role(Role, Option<ItemClass>),
    Id(AccountId),
}

/// An entry to be posted at once by another part of the system.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The book it belongs to.
    pub journal: Journal,
    /// The part of the books whose period must be open on the posting date.
    pub class: ModuleClass,
    /// Business date of the effect.
    pub posting_date: NaiveDate,
    /// The id of the document behind it, as on the wire; for drill-down.
    pub source: Option<String>,
    /// Description, as free text.
    pub description: String,
    /// The document's currency and the rate to the company's currency, when they differ from it.
    pub currency: Option<(String, Rate)>,
    /// The lines.
    pub lines: Vec<PostingLine>,
}

/// One line of a posting, in the company's currency, on one side. Lines of zero in both currencies are dropped.
#[derive(Debug, Clone)]
pub struct PostingLine {
    pub account: AccountRef,
    /// The debit.
    pub debit: Amount,
    /// The credit.
    pub credit: Amount,
    /// The same amount in the document's currency, when that differs; a credit is negative. It may be something where the other
    /// rounds to nothing.
    pub amount_currency: Option<Amount>,
    /// The party.
    pub party_id: Option<PartyId>,
    /// The product.
    pub product_id: Option<ProductId>,
    /// The tax.
    pub tax_code_id: Option<TaxCodeId>,
    /// Description, as free text.
    pub description: Option<String>,
    /// Whether what is given without a side is a credit.
    credited: bool,
}

impl PostingLine {
    pub fn debit(account: AccountRef, amount: Amount) -> Self {
        Self::new(account, amount, Amount::ZERO)
    }
    pub fn credit(account: AccountRef, amount: Amount) -> Self {
        Self { credited: true, ..Self::new(account, Amount::ZERO, amount) }
    }
    /// Debit when positive, credit when negative.
    pub fn signed(account: AccountRef, amount: Amount) -> Self {
        let line = if amount.is_negative() { Self::credit(account, amount.abs()) } else { Self::debit(account, amount) };
        Self { credited: false, ..line }
    }
    fn new(account: AccountRef, debit: Amount, credit: Amount) -> Self {
        Self {
            account,
            debit,
            credit,
            amount_currency: None,
            party_id: None,
            product_id: None,
            tax_code_id: None,
            description: None,
            credited: false,
        }
    }
    pub fn party(mut self, party: impl Into<Option<PartyId>>) -> Self {
        self.party_id = party.into();
        self
    }
    pub fn product(mut self, product: impl Into<Option<ProductId>>) -> Self {
        self.product_id = product.into();
        self
    }
    pub fn tax_code(mut self, code: impl Into<Option<TaxCodeId>>) -> Self {
        self.tax_code_id = code.into();
        self
    }
    /// The same in the document's currency, given like the amount: what goes with a debit or credit has its side, and what goes with
    /// a signed amount its sign.
    pub fn in_currency(mut self, amount: Amount) -> Self {
        self.amount_currency = Some(if self.credited { -amount } else { amount });
        self
    }
    pub fn described(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
    /// The line, on this account where it named the role.
    pub fn booked(mut self, role: Role, account: AccountId) -> Self {
        if matches!(self.account, AccountRef::Role(r, _) if r == role) {
            self.account = AccountRef::Id(account);
        }
        self
    }
    /// Debit less credit.
    pub fn balance(&self) -> Amount {
        self.debit - self.credit
    }
    /// Whether nothing is booked in either currency.
    pub fn is_nothing(&self) -> bool {
        self.balance().is_zero() && self.amount_currency.is_none_or(|a| a.is_zero())
    }
}
