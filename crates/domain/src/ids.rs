//! The ids of all nouns, in one place, so that two nouns can name each other without either file importing the other.

crate::ids! {
    /// An account of the general ledger.
    AccountId "acc";
    /// An allocation.
    AllocationId "alo";
    /// A credit note.
    CreditNoteId "cn";
    /// A line of a credit note.
    CreditNoteLineId "cnl";
    /// A rule of account determination.
    AccountDeterminationId "adt";
    /// A fiscal year.
    FiscalYearId "fy";
    /// A line of an invoice.
    InvoiceLineId "invl";
    /// A customer invoice.
    InvoiceId "inv";
    /// A journal entry.
    JournalEntryId "je";
    /// A line of a journal entry.
    JournalLineId "jl";
    /// An open item of a customer.
    OpenItemId "oi";
    /// A dated change of an open item.
    ItemEntryId "oie";
    /// A payment term.
    PaymentTermId "ptm";
    /// A payment.
    PaymentId "pay";
    /// An accounting period.
    PeriodId "per";
    /// The accounting policy of a company.
    AccountingPolicyId "acp";
    /// A tax code.
    TaxCodeId "tax";
    /// A rule of tax determination.
    TaxRuleId "txr";
    /// An activity.
    ActivityId "act";
    /// An assignment rule.
    AssignmentRuleId "asgr";
    /// A deal that may be credited.
    AttributionDealId "atd";
    /// A change of a figure of a deal.
    AttributionRestatementId "atr";
    /// What a touch earned.
    AttributionCreditId "atc";
    /// An attribution model.
    AttributionModelId "atm";
    /// One reader of a campaign.
    CampaignMemberId "cmm";
    /// A campaign.
    CampaignId "cmp";
    /// A variant of a campaign.
    CampaignVariantId "cmv";
    /// A message of a case.
    CaseMessageId "csm";
    /// A case.
    CaseId "case";
    /// What was learnt of the customers of a company.
    ClvFitId "clvf";
    /// A competitor.
    CompetitorId "cptr";
    /// A message that asks for a confirmation.
    ConsentConfirmationId "cnf";
    /// A row of the consent ledger.
    ConsentId "cns";
    /// An entitlement to service.
    EntitlementId "ent";
    /// A snapshot of a forecast.
    ForecastSnapshotId "fsnap";
    /// A submission of a forecast.
    ForecastSubmissionId "fsub";
    /// Somebody on the way through a journey.
    JourneyEnrollmentId "jne";
    /// A journey.
    JourneyId "jny";
    /// A published version of a journey.
    JourneyVersionId "jnv";
    /// An article of the knowledge base.
    KbArticleId "kba";
    /// A published version of an article.
    KbArticleVersionId "kbv";
    /// Something that was sent to a capture form.
    LeadFormSubmissionId "lsub";
    /// A capture form.
    LeadFormId "lform";
    /// A wording that visitors consent to.
    LeadFormWordingId "lfw";
    /// A version of a scoring model.
    LeadScoringModelId "scom";
    /// A lead.
    LeadId "lead";
    /// A reason for losing a deal.
    LossReasonId "lr";
    /// An opportunity.
    OpportunityId "opp";
    /// A row of the history of an opportunity.
    OpportunityChangeId "oppc";
    /// A line of an opportunity.
    OpportunityLineId "oppl";
    /// The share of a user in an opportunity.
    OpportunitySplitId "opps";
    /// What a person is in an opportunity.
    ContactRoleId "oppr";
    /// A competitor.
    OpportunityCompetitorId "oppk";
    /// A pipeline.
    PipelineId "pl";
    /// A queue of cases.
    QueueId "que";
    /// A quota.
    QuotaId "quota";
    /// A line of a quote.
    QuoteLineId "quol";
    /// A quote.
    QuoteId "quo";
    /// A segment.
    SegmentId "seg";
    /// Somebody in an audience.
    SegmentMemberId "sgm";
    /// A service level policy.
    SlaPolicyId "sla";
    /// A version of the terms of a service level policy.
    SlaPolicyVersionId "slv";
    /// A stage of a pipeline.
    StageId "stg";
    /// A suppressed address.
    SuppressionId "sup";
    /// A survey.
    SurveyId "srv";
    /// An answer to a survey, asked for or given.
    SurveyResponseId "svr";
    /// A team.
    TeamId "team";
    /// A template.
    TemplateId "tpl";
    /// One revision of a template.
    TemplateRevisionId "tpr";
    /// A territory.
    TerritoryId "ter";
    /// A touchpoint.
    TouchpointId "touch";
    /// A company.
    CompanyId "co";
    /// A merge of two contacts.
    ContactMergeId "cmg";
    /// A preference of a contact.
    ContactPreferenceId "cpf";
    /// A contact.
    ContactId "con";
    /// An exchange rate.
    ExchangeRateId "xr";
    /// A party.
    PartyId "pty";
    /// A merge of two parties.
    PartyMergeId "pmg";
    /// A product.
    ProductId "prd";
    /// A relationship.
    RelationshipId "rel";
    /// A unit of measure.
    UnitId "unit";
    /// An API key.
    ApiKeyId "key";
    /// A grant of a company to a user.
    CompanyGrantId "cgr";
    /// That a user has a role.
    RoleAssignmentId "ras";
    /// A role.
    RoleId "rol";
    /// A session.
    SessionId "ses";
    /// A signing key.
    SigningKeyId "sig";
    /// A user.
    UserId "usr";
    /// A stock adjustment.
    StockAdjustmentId "adj";
    /// A line of a stock adjustment.
    StockAdjustmentLineId "adl";
    /// A location.
    LocationId "loc";
    /// A stock move.
    StockMoveId "mv";
    /// A reservation.
    ReservationId "rsv";
    /// A serial number.
    SerialId "ser";
    /// The stock of a product at a location.
    StockLevelId "stk";
    /// An entry of the value ledger.
    ValueEntryId "ve";
    /// The running cost of a product.
    ProductCostId "pcs";
    /// A warehouse.
    WarehouseId "wh";
    /// A business calendar.
    CalendarId "cal";
    /// An event.
    EventId "evt";
    /// A stored file.
    StoredFileId "file";
    /// A saved view of a list.
    SavedViewId "view";
    /// A comment on a record.
    CommentId "cmt";
    /// A tag on a record.
    RecordTagId "rtag";
    /// A file attached to a record.
    AttachmentId "att";
    /// That a user watches a record.
    WatcherId "wat";
    /// A notification of a user.
    NotificationId "ntf";
    /// How a user is notified.
    NotificationSettingsId "nts";
    /// A reminder of a user.
    ReminderId "rmd";
    /// A job.
    JobId "job";
    /// A follower of the events.
    FollowerId "flw";
    /// An event that a follower failed on.
    FollowerFailureId "flf";
    /// A number series.
    NumberSeriesId "ns";
    /// A failure of scheduled work.
    TimerFailureId "tmf";
    /// A delivery.
    DeliveryId "dlv";
    /// A line of a delivery.
    DeliveryLineId "dll";
    /// A line of a sales order.
    SalesOrderLineId "sol";
    /// A sales order.
    SalesOrderId "so";
    /// A return.
    CustomerReturnId "ret";
    /// A line of a return.
    CustomerReturnLineId "rtl";
}
