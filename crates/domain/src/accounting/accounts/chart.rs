//! The chart of accounts and the account determinations that every new company starts with. Data, no rules: what a
//! company does with its chart afterwards is its own business.

use super::AccountType;
use crate::accounting::accounts::AccountType::{Asset, Equity, Expense, Income, Liability};
use crate::accounting::posting::{ItemClass, Role};

/// What stands out about an account of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Plain,
    /// Groups others, takes no postings.
    Heading,
    /// Posted by its subledger alone.
    Control,
    /// Reduces its group.
    Contra,
}
use Mark::{Contra, Control, Heading, Plain};

/// Number, mark, type and name of one account.
pub type ChartAccount = (&'static str, Mark, AccountType, &'static str);

/// The accounts, in the order of their numbers.
#[rustfmt::skip]
pub const ACCOUNTS: &[ChartAccount] = &[
    ("1000", Heading, Asset, "Assets"),
    ("1010", Plain, Asset, "Cash on hand"),
    ("1020", Plain, Asset, "Bank - operating"),
    ("1030", Plain, Asset, "Receipts and transfers in transit"),
    ("1035", Plain, Asset, "Outgoing payments in transit"),
    ("1100", Control, Asset, "Accounts receivable - trade"),
    ("1105", Plain, Asset, "Receivables currency revaluation"),
    ("1110", Contra, Asset, "Allowance for doubtful accounts"),
    ("1120", Control, Asset, "Intercompany receivables"),
    ("1130", Plain, Asset, "Other receivables, employee advances"),
    ("1140", Control, Asset, "Vendor prepayments"),
    ("1150", Plain, Asset, "Input VAT recoverable"),
    ("1155", Plain, Asset, "Input VAT - cash-basis transition"),
    ("1200", Control, Asset, "Inventory - raw materials"),
    ("1210", Control, Asset, "Inventory - work in process"),
    ("1220", Control, Asset, "Inventory - finished goods"),
    ("1230", Control, Asset, "Inventory - merchandise"),
    ("1240", Control, Asset, "Inventory in transit"),
    ("1250", Control, Asset, "Inventory at subcontractors"),
    ("1260", Control, Asset, "Goods shipped not invoiced"),
    ("1290", Contra, Asset, "Inventory write-down reserve"),
    ("1300", Plain, Asset, "Prepaid expenses"),
    ("1310", Plain, Asset, "Unbilled receivables"),
    ("1500", Plain, Asset, "Property, plant and equipment - cost"),
    ("1510", Contra, Asset, "Property, plant and equipment - accumulated depreciation"),
    ("1520", Plain, Asset, "Assets under construction"),
    ("1600", Plain, Asset, "Intangibles - cost"),
    ("1610", Contra, Asset, "Intangibles - accumulated amortisation"),
    ("1650", Plain, Asset, "Goodwill"),
    ("1700", Plain, Asset, "Investments in subsidiaries"),
    ("1800", Plain, Asset, "Deferred tax asset"),
    ("2000", Heading, Liability, "Liabilities"),
    ("2010", Control, Liability, "Accounts payable - trade"),
    ("2015", Plain, Liability, "Payables currency revaluation"),
    ("2020", Control, Liability, "Goods received not invoiced"),
    ("2030", Control, Liability, "Landed-cost accrual"),
    ("2040", Plain, Liability, "Accrued expenses"),
    ("2050", Control, Liability, "Intercompany payables"),
    ("2060", Control, Liability, "Employee expense payables"),
    ("2100", Plain, Liability, "Output VAT and sales tax"),
    ("2105", Plain, Liability, "Output VAT - cash-basis transition"),
    ("2110", Plain, Liability, "VAT settlement"),
    ("2120", Plain, Liability, "Withholding tax payable"),
    ("2130", Plain, Liability, "Income tax payable"),
    ("2200", Control, Liability, "Customer deposits"),
    ("2210", Plain, Liability, "Deferred revenue"),
    ("2300", Control, Liability, "Net wages payable"),
    ("2310", Plain, Liability, "Payroll tax payable"),
    ("2320", Plain, Liability, "Social security payable"),
    ("2330", Plain, Liability, "Benefits and pension payable"),
    ("2340", Plain, Liability, "Accrued vacation"),
    ("2500", Plain, Liability, "Short-term loans"),
    ("2600", Plain, Liability, "Long-term loans"),
    ("2700", Plain, Liability, "Deferred tax liability"),
    ("3000", Heading, Equity, "Equity"),
    ("3010", Plain, Equity, "Share capital"),
    ("3020", Plain, Equity, "Share premium"),
    ("3100", Plain, Equity, "Retained earnings"),
    ("3110", Control, Equity, "Result for the year"),
    ("3200", Contra, Equity, "Dividends declared"),
    ("3300", Plain, Equity, "Translation reserve"),
    ("3400", Plain, Equity, "Non-controlling interest"),
    ("4000", Heading, Income, "Revenue"),
    ("4010", Plain, Income, "Product sales"),
    ("4020", Plain, Income, "Service sales"),
    ("4030", Plain, Income, "Subscription revenue"),
    ("4040", Plain, Income, "Freight and other charges billed"),
    ("4100", Contra, Income, "Sales returns and allowances"),
    ("4110", Contra, Income, "Cash discounts granted"),
    ("4120", Plain, Income, "Intercompany sales"),
    ("4900", Plain, Income, "Other operating income"),
    ("5000", Heading, Expense, "Cost of sales"),
    ("5010", Plain, Expense, "Cost of goods sold - products"),
    ("5020", Plain, Expense, "Cost of sales - services"),
    ("5030", Plain, Expense, "Cost of sales - intercompany"),
    ("5100", Plain, Expense, "Purchase price variance"),
    ("5110", Plain, Expense, "Material usage and price variance"),
    ("5120", Plain, Expense, "Labour and capacity variance"),
    ("5130", Plain, Expense, "Overhead variance"),
    ("5140", Plain, Expense, "Subcontract variance"),
    ("5150", Plain, Expense, "Yield variance"),
    ("5200", Plain, Expense, "Inventory count gain and loss"),
    ("5210", Plain, Expense, "Scrap"),
    ("5220", Plain, Expense, "Inventory cost adjustment and revaluation"),
    ("5230", Plain, Expense, "Inventory write-down expense"),
    ("5240", Plain, Expense, "Freight-in expensed"),
    ("5250", Contra, Expense, "Purchase cash discounts received"),
    ("5300", Contra, Expense, "Direct labour absorbed"),
    ("5310", Contra, Expense, "Production overhead absorbed"),
    ("6000", Heading, Expense, "Operating expenses"),
    ("6010", Plain, Expense, "Salaries"),
    ("6020", Plain, Expense, "Employer social charges"),
    ("6030", Plain, Expense, "Benefits"),
    ("6040", Plain, Expense, "Vacation accrual"),
    ("6100", Plain, Expense, "Rent"),
    ("6110", Plain, Expense, "Utilities"),
    ("6120", Plain, Expense, "Information technology"),
    ("6200", Plain, Expense, "Marketing"),
    ("6210", Plain, Expense, "Sales commissions"),
    ("6300", Plain, Expense, "Travel"),
    ("6310", Plain, Expense, "Professional fees"),
    ("6400", Plain, Expense, "Depreciation"),
    ("6410", Plain, Expense, "Amortisation"),
    ("6420", Plain, Expense, "Impairment"),
    ("6500", Plain, Expense, "Bad debts"),
    ("6510", Plain, Expense, "Bank charges"),
    ("6600", Plain, Expense, "Payment differences"),
    ("6610", Plain, Expense, "Rounding differences"),
    ("7000", Heading, Income, "Financial and other"),
    ("7010", Plain, Income, "Realised currency gain"),
    ("7020", Plain, Expense, "Realised currency loss"),
    ("7030", Plain, Income, "Unrealised currency gain"),
    ("7040", Plain, Expense, "Unrealised currency loss"),
    ("7050", Plain, Income, "Interest income"),
    ("7060", Plain, Expense, "Interest expense"),
    ("7070", Plain, Income, "Gain on asset disposal"),
    ("7080", Plain, Expense, "Loss on asset disposal"),
    ("8000", Heading, Expense, "Tax"),
    ("8010", Plain, Expense, "Income tax expense"),
    ("9000", Heading, Equity, "Technical"),
    ("9980", Plain, Equity, "Opening-balance equity"),
    ("9990", Plain, Asset, "Suspense"),
];

/// Role, item class where it matters, account number.
pub type ChartRule = (Role, Option<ItemClass>, &'static str);

/// Which account serves which role until the company says otherwise.
#[rustfmt::skip]
pub const DETERMINATIONS: &[ChartRule] = &[
    (Role::Receivable, None, "1100"),
    (Role::ReceiptsInTransit, None, "1030"),
    (Role::PaymentsInTransit, None, "1035"),
    (Role::DoubtfulAllowance, None, "1110"),
    (Role::InputTax, None, "1150"),
    (Role::Inventory, Some(ItemClass::Merchandise), "1230"),
    (Role::Inventory, Some(ItemClass::RawMaterial), "1200"),
    (Role::Inventory, Some(ItemClass::FinishedGoods), "1220"),
    (Role::WorkInProcess, None, "1210"),
    (Role::InventoryInTransit, None, "1240"),
    (Role::ShippedNotInvoiced, None, "1260"),
    (Role::WriteDownReserve, None, "1290"),
    (Role::Payable, None, "2010"),
    (Role::GoodsReceived, None, "2020"),
    (Role::LandedCostAccrual, None, "2030"),
    (Role::OutputTax, None, "2100"),
    (Role::CustomerDeposits, None, "2200"),
    (Role::DeferredRevenue, None, "2210"),
    (Role::RetainedEarnings, None, "3100"),
    (Role::Revenue, Some(ItemClass::Merchandise), "4010"),
    (Role::Revenue, Some(ItemClass::RawMaterial), "4010"),
    (Role::Revenue, Some(ItemClass::FinishedGoods), "4010"),
    (Role::Revenue, Some(ItemClass::Service), "4020"),
    (Role::Revenue, Some(ItemClass::Subscription), "4030"),
    (Role::Revenue, Some(ItemClass::Freight), "4040"),
    (Role::SalesReturns, None, "4100"),
    (Role::CashDiscounts, None, "4110"),
    (Role::CostOfSales, Some(ItemClass::Merchandise), "5010"),
    (Role::CostOfSales, Some(ItemClass::RawMaterial), "5010"),
    (Role::CostOfSales, Some(ItemClass::FinishedGoods), "5010"),
    (Role::CostOfSales, Some(ItemClass::Service), "5020"),
    (Role::PriceVariance, None, "5100"),
    (Role::CountDifference, None, "5200"),
    (Role::Scrap, None, "5210"),
    (Role::CostAdjustment, None, "5220"),
    (Role::WriteDown, None, "5230"),
    (Role::BadDebts, None, "6500"),
    (Role::BankCharges, None, "6510"),
    (Role::PaymentDifferences, None, "6600"),
    (Role::RoundingDifferences, None, "6610"),
    (Role::RealisedGain, None, "7010"),
    (Role::RealisedLoss, None, "7020"),
    (Role::OpeningBalance, None, "9980"),
    (Role::Suspense, None, "9990"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_sorted() {
        assert!(ACCOUNTS.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn every_role_has_an_account_that_takes_postings() {
        for role in Role::ALL {
            assert!(DETERMINATIONS.iter().any(|d| d.0 == *role), "{role}");
        }
        for (role, _, code) in DETERMINATIONS {
            assert!(ACCOUNTS.iter().any(|a| a.0 == *code && a.1 != Mark::Heading), "{role}: {code}");
        }
    }
}
