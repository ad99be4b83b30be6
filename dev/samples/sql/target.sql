-- Target tables of the two sample contracts (card.json, loan.json).
-- SQL Server 2016 SP1 and later; may be run again.
IF SCHEMA_ID(N'sample') IS NULL EXEC (N'CREATE SCHEMA [sample]');
GO

-- Every number that an enum mapping of the two contracts can produce.
IF OBJECT_ID(N'[sample].[lookup]', N'U') IS NULL
CREATE TABLE [sample].[lookup] (
    [enum_id] smallint NOT NULL,
    [kind] varchar(50) NOT NULL,
    [code] varchar(100) NOT NULL,
    [meaning] varchar(200) NULL,
    CONSTRAINT [PK_lookup] PRIMARY KEY ([enum_id]),
    CONSTRAINT [UQ_lookup_kind_code] UNIQUE ([kind], [code])
);
GO

IF NOT EXISTS (SELECT 1 FROM [sample].[lookup])
INSERT INTO [sample].[lookup] ([enum_id], [kind], [code], [meaning])
VALUES
    (10, 'line', 'CARD', 'credit card'),
    (20, 'line', 'LOAN', 'vehicle loan'),
    (101, 'source', 'WEB', 'own web site'),
    (102, 'source', 'BRANCH', 'branch office'),
    (103, 'source', 'PHONE', 'call centre'),
    (104, 'source', 'MAIL', 'paper form'),
    (105, 'source', 'DEALER', 'dealer portal'),
    (106, 'source', 'PARTNER', 'partner interface'),
    (121, 'product', 'CLASSIC', 'classic card'),
    (122, 'product', 'GOLD', 'gold card'),
    (123, 'product', 'SECURED', 'card with a deposit'),
    (124, 'product', 'STUDENT', 'student card'),
    (131, 'product', 'AUTO', 'car'),
    (132, 'product', 'MOTO', 'motorcycle'),
    (133, 'product', 'REC', 'recreational vehicle'),
    (141, 'decision', 'APPR', 'approved'),
    (142, 'decision', 'DECL', 'declined'),
    (143, 'decision', 'PEND', 'pending'),
    (144, 'decision', 'WDRW', 'withdrawn by the applicant'),
    (145, 'decision', 'CNTR', 'counter offer'),
    (161, 'role', 'PR', 'primary applicant'),
    (162, 'role', 'AU', 'authorized user'),
    (163, 'role', 'CO', 'co-borrower'),
    (181, 'place', 'CURR', 'current'),
    (182, 'place', 'PREV', 'previous'),
    (191, 'ownership', 'OWN', 'owns'),
    (192, 'ownership', 'RENT', 'rents'),
    (193, 'ownership', 'FAM', 'lives with family'),
    (194, 'ownership', 'OTH', 'other'),
    (201, 'account', 'CHK', 'checking account'),
    (202, 'account', 'SAV', 'savings account'),
    (221, 'status', 'NEW', 'new'),
    (222, 'status', 'WORK', 'being worked'),
    (223, 'status', 'DONE', 'closed'),
    (231, 'queue', 'STD', 'standard queue'),
    (232, 'queue', 'FAST', 'fast lane'),
    (301, 'vehicle', 'CAR', 'car'),
    (302, 'vehicle', 'CYCLE', 'motorcycle'),
    (303, 'vehicle', 'CAMPER', 'camper'),
    (304, 'vehicle', 'TRAILER', 'trailer'),
    (309, 'vehicle', 'OTHER', 'other'),
    (321, 'cover', 'GAP', 'gap cover'),
    (322, 'cover', 'SERVICE', 'service contract'),
    (341, 'exception', 'CAPACITY', 'capacity to pay'),
    (342, 'exception', 'CREDIT', 'credit history'),
    (343, 'exception', 'COLLATERAL', 'collateral'),
    (361, 'answer', 'Y', 'yes'),
    (362, 'answer', 'N', 'no'),
    (363, 'answer', 'NA', 'does not apply');
GO

-- A campaign must be here before an application may name it; BLANK stands for none.
IF OBJECT_ID(N'[sample].[campaign]', N'U') IS NULL
CREATE TABLE [sample].[campaign] (
    [campaign_code] varchar(6) NOT NULL,
    [title] varchar(60) NOT NULL,
    [opened] date NOT NULL,
    [active_flag] bit NOT NULL DEFAULT (0),
    CONSTRAINT [PK_campaign] PRIMARY KEY ([campaign_code])
);
GO

IF NOT EXISTS (SELECT 1 FROM [sample].[campaign])
INSERT INTO [sample].[campaign] ([campaign_code], [title], [opened], [active_flag])
VALUES
    ('BLANK', 'no campaign', '1900-01-01', 1),
    ('SPR24', 'spring mailing 2024', '2024-02-15', 1),
    ('SUM24', 'summer mailing 2024', '2024-06-01', 1),
    ('WEB01', 'web banner', '2023-01-01', 1),
    ('DLR10', 'dealer special', '2023-09-01', 1),
    ('OLD99', 'closed long ago', '1999-01-01', 0);
GO

-- One row per application of either line; app_id comes from the document.
IF OBJECT_ID(N'[sample].[submission]', N'U') IS NULL
CREATE TABLE [sample].[submission] (
    [app_id] int IDENTITY(1,1) NOT NULL,
    [line_enum] smallint NOT NULL,
    [source_enum] smallint NULL,
    [product_enum] smallint NULL,
    [decision_enum] smallint NULL,
    [decision_date] datetime NULL,
    [received_date] datetime NOT NULL DEFAULT (getutcdate()),
    [booked_date] date NULL,
    [client_ip] varchar(39) NULL,
    [tracking_no] bigint NULL,
    [retain_until] datetime2(7) NULL,
    CONSTRAINT [PK_submission] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_submission_line_enum] FOREIGN KEY ([line_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_submission_source_enum] FOREIGN KEY ([source_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_submission_product_enum] FOREIGN KEY ([product_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_submission_decision_enum] FOREIGN KEY ([decision_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

-- Applicants, borrowers and authorized users; con_id comes from the document.
IF OBJECT_ID(N'[sample].[person]', N'U') IS NULL
CREATE TABLE [sample].[person] (
    [con_id] int IDENTITY(1,1) NOT NULL,
    [app_id] int NOT NULL,
    [role_enum] smallint NOT NULL,
    [first_name] varchar(50) NOT NULL,
    [middle_initial] char(1) NULL,
    [last_name] varchar(50) NOT NULL,
    [mother_maiden_name] nvarchar(50) NULL,
    [birth_date] date NOT NULL,
    [ssn] varchar(9) NOT NULL,
    [ssn_last_4] AS RIGHT([ssn], 4) PERSISTED,
    [email] varchar(100) NULL,
    [home_phone] varchar(10) NULL,
    [cell_phone] varchar(10) NULL,
    [licence_no] varchar(20) NULL,
    [esign_flag] bit NOT NULL DEFAULT (0),
    [sms_flag] bit NOT NULL DEFAULT (0),
    [paperless_flag] bit NOT NULL DEFAULT (0),
    CONSTRAINT [PK_person] PRIMARY KEY ([con_id]),
    CONSTRAINT [UQ_person_con_id_role] UNIQUE ([con_id], [role_enum]),
    CONSTRAINT [FK_person_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_person_role_enum] FOREIGN KEY ([role_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[person_address]', N'U') IS NULL
CREATE TABLE [sample].[person_address] (
    [con_id] int NOT NULL,
    [kind_enum] smallint NOT NULL,
    [street_number] varchar(10) NULL,
    [street_name] varchar(50) NULL,
    [unit] varchar(10) NULL,
    [city] varchar(50) NULL,
    [state] char(2) NULL,
    [zip] varchar(9) NULL,
    [months_here] smallint NULL,
    [ownership_enum] smallint NULL,
    CONSTRAINT [PK_person_address] PRIMARY KEY ([con_id], [kind_enum]),
    CONSTRAINT [FK_person_address_person] FOREIGN KEY ([con_id]) REFERENCES [sample].[person] ([con_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_person_address_kind_enum] FOREIGN KEY ([kind_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_person_address_ownership_enum] FOREIGN KEY ([ownership_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[person_job]', N'U') IS NULL
CREATE TABLE [sample].[person_job] (
    [con_id] int NOT NULL,
    [kind_enum] smallint NOT NULL,
    [business_name] varchar(100) NULL,
    [job_title] varchar(100) NULL,
    [monthly_salary] decimal(12,2) NULL,
    [other_income] decimal(12,2) NULL,
    [months_here] smallint NULL,
    [phone] varchar(10) NULL,
    [self_employed_flag] bit NOT NULL DEFAULT (0),
    [city] varchar(50) NULL,
    [state] char(2) NULL,
    [zip] varchar(9) NULL,
    CONSTRAINT [PK_person_job] PRIMARY KEY ([con_id], [kind_enum]),
    CONSTRAINT [FK_person_job_person] FOREIGN KEY ([con_id]) REFERENCES [sample].[person] ([con_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_person_job_kind_enum] FOREIGN KEY ([kind_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[card_operation]', N'U') IS NULL
CREATE TABLE [sample].[card_operation] (
    [app_id] int NOT NULL,
    [status_enum] smallint NULL,
    [assigned_to] varchar(80) NULL,
    [last_updated] smalldatetime NULL,
    [signature_flag] bit NOT NULL DEFAULT (0),
    [user_card_flag] bit NULL,
    [housing_cost] decimal(12,2) NULL,
    [bank_routing_no] varchar(9) NULL,
    [bank_account_type_enum] smallint NULL,
    [regb_start_date] datetime NULL DEFAULT (getutcdate()),
    [regb_end_date] datetime NULL,
    [risk_grade] char(1) NULL,
    [match_percent] float NULL,
    [decline_code_1] varchar(10) NULL,
    [decline_type_1] varchar(25) NULL,
    [decline_code_2] varchar(10) NULL,
    CONSTRAINT [PK_card_operation] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_card_operation_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_card_operation_status_enum] FOREIGN KEY ([status_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_card_operation_bank_account_type_enum] FOREIGN KEY ([bank_account_type_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[card_pricing]', N'U') IS NULL
CREATE TABLE [sample].[card_pricing] (
    [app_id] int NOT NULL,
    [campaign_code] varchar(6) NOT NULL,
    [plan_code] varchar(3) NOT NULL,
    [account_no] varchar(16) NULL,
    [credit_line] int NULL,
    [credit_line_max] int NULL,
    [line_share] float NULL,
    [annual_fee] decimal(12,2) NULL,
    [purchase_apr] decimal(5,2) NULL,
    [intro_apr] decimal(8,5) NULL,
    [late_fee] tinyint NULL,
    [cash_fee] tinyint NULL,
    [debt_ratio] decimal(12,2) NULL,
    [monthly_income] decimal(12,2) NULL,
    [monthly_debt] decimal(12,2) NULL,
    [free_income] decimal(12,2) NULL,
    [segment] varchar(10) NULL,
    [tier] char(2) NULL,
    CONSTRAINT [PK_card_pricing] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_card_pricing_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_card_pricing_campaign] FOREIGN KEY ([campaign_code]) REFERENCES [sample].[campaign] ([campaign_code]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[card_process]', N'U') IS NULL
CREATE TABLE [sample].[card_process] (
    [app_id] int NOT NULL,
    [device_print] varchar(max) NULL,
    [transaction_ref] varchar(40) NULL,
    [sequence_no] int NULL,
    [retry_count] tinyint NULL,
    [route] varchar(10) NULL,
    [review_flag] bit NULL DEFAULT (0),
    [duplicate_flag] bit NULL DEFAULT (0),
    [locked_flag] bit NULL DEFAULT (0),
    [analyst_note] nvarchar(200) NULL,
    [stored_at] datetime2(7) NOT NULL DEFAULT (getutcdate()),
    CONSTRAINT [PK_card_process] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_card_process_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

-- Only for applications that answer a mailing.
IF OBJECT_ID(N'[sample].[card_prescreen]', N'U') IS NULL
CREATE TABLE [sample].[card_prescreen] (
    [app_id] int NOT NULL,
    [first_name] varchar(50) NULL,
    [last_name] varchar(50) NULL,
    [ssn] varchar(9) NULL,
    [birth_date] date NULL,
    [city] varchar(50) NULL,
    [state] char(2) NULL,
    [zip] varchar(9) NULL,
    [risk_grade] char(1) NULL,
    CONSTRAINT [PK_card_prescreen] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_card_prescreen_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

IF OBJECT_ID(N'[sample].[loan_terms]', N'U') IS NULL
CREATE TABLE [sample].[loan_terms] (
    [app_id] int NOT NULL,
    [campaign_code] varchar(6) NOT NULL,
    [amount] decimal(12,2) NULL,
    [term_months] smallint NULL,
    [rate] decimal(7,4) NULL,
    [sale_price] decimal(12,2) NULL,
    [cash_down] decimal(12,2) NULL,
    [trade_allowance] decimal(12,2) NULL,
    [trade_payoff] decimal(12,2) NULL,
    [net_trade] decimal(12,2) NULL,
    [loan_to_value] float NULL,
    [add_tax_flag] bit NULL,
    [monthly_income] decimal(12,2) NULL,
    [monthly_debt] decimal(12,2) NULL,
    [debt_ratio] decimal(12,2) NULL,
    [grade] char(1) NULL,
    [size_class] varchar(10) NULL,
    CONSTRAINT [PK_loan_terms] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_loan_terms_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_terms_campaign] FOREIGN KEY ([campaign_code]) REFERENCES [sample].[campaign] ([campaign_code]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_dealer]', N'U') IS NULL
CREATE TABLE [sample].[loan_dealer] (
    [app_id] int NOT NULL,
    [dealer_no] int NOT NULL,
    [dealer_name] varchar(100) NOT NULL,
    [phone] varchar(10) NULL,
    [city] varchar(50) NULL,
    [state] char(2) NULL,
    [zip] varchar(9) NULL,
    [rating] tinyint NULL,
    [broker_flag] bit NOT NULL DEFAULT (1),
    [bank_routing_no] varchar(9) NULL,
    [bank_account_type_enum] smallint NULL,
    CONSTRAINT [PK_loan_dealer] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_loan_dealer_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_dealer_bank_account_type_enum] FOREIGN KEY ([bank_account_type_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_process]', N'U') IS NULL
CREATE TABLE [sample].[loan_process] (
    [app_id] int NOT NULL,
    [status_enum] smallint NULL,
    [queue_enum] smallint NULL,
    [client_ref] varchar(30) NULL,
    [transmission_no] bigint NULL,
    [customer_no_pr] int NULL,
    [customer_no_co] int NULL,
    [joint_flag] bit NOT NULL DEFAULT (0),
    [pending_flag] bit NULL DEFAULT (0),
    [duplicate_flag] bit NULL DEFAULT (0),
    [regb_start_date] datetime NULL DEFAULT (getutcdate()),
    [regb_end_date] datetime NULL,
    [housing_cost_pr] int NULL,
    [housing_cost_co] int NULL,
    CONSTRAINT [PK_loan_process] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_loan_process_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_process_status_enum] FOREIGN KEY ([status_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_loan_process_queue_enum] FOREIGN KEY ([queue_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_funding]', N'U') IS NULL
CREATE TABLE [sample].[loan_funding] (
    [app_id] int NOT NULL,
    [account_no] int NULL,
    [paystub_expiry] smalldatetime NULL,
    [first_payment_date] date NULL,
    [note_signed_date] datetime NULL,
    [amount_financed] decimal(12,2) NULL,
    [title_fee] decimal(12,2) NULL,
    [doc_fee] decimal(12,2) NULL,
    [contract_state] char(2) NULL,
    [signed_pr_enum] smallint NULL,
    [signed_co_enum] smallint NULL,
    [approved_by] varchar(80) NULL,
    CONSTRAINT [PK_loan_funding] PRIMARY KEY ([app_id]),
    CONSTRAINT [FK_loan_funding_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_funding_signed_pr_enum] FOREIGN KEY ([signed_pr_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION,
    CONSTRAINT [FK_loan_funding_signed_co_enum] FOREIGN KEY ([signed_co_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_vehicle]', N'U') IS NULL
CREATE TABLE [sample].[loan_vehicle] (
    [app_id] int NOT NULL,
    [collateral_type_enum] smallint NOT NULL,
    [sort_order] smallint NOT NULL DEFAULT (0),
    [make] varchar(50) NOT NULL,
    [model] varchar(50) NULL,
    [year] smallint NOT NULL,
    [vin] varchar(60) NULL,
    [mileage] int NULL,
    [used_flag] bit NOT NULL DEFAULT (0),
    [wholesale_value] decimal(12,2) NULL,
    CONSTRAINT [PK_loan_vehicle] PRIMARY KEY ([app_id], [collateral_type_enum], [sort_order]),
    CONSTRAINT [FK_loan_vehicle_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_vehicle_collateral_type_enum] FOREIGN KEY ([collateral_type_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_cover]', N'U') IS NULL
CREATE TABLE [sample].[loan_cover] (
    [app_id] int NOT NULL,
    [warranty_type_enum] smallint NOT NULL,
    [company_name] varchar(50) NULL,
    [amount] decimal(12,2) NOT NULL DEFAULT (0),
    [term_months] smallint NOT NULL DEFAULT (0),
    [policy_number] varchar(30) NULL,
    [lienholder_flag] bit NOT NULL DEFAULT (0),
    CONSTRAINT [PK_loan_cover] PRIMARY KEY ([app_id], [warranty_type_enum]),
    CONSTRAINT [FK_loan_cover_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_cover_warranty_type_enum] FOREIGN KEY ([warranty_type_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[loan_exception]', N'U') IS NULL
CREATE TABLE [sample].[loan_exception] (
    [app_id] int NOT NULL,
    [policy_exception_type_enum] smallint NOT NULL,
    [reason_code] varchar(20) NOT NULL,
    [notes] varchar(1000) NULL,
    CONSTRAINT [PK_loan_exception] PRIMARY KEY ([app_id], [policy_exception_type_enum]),
    CONSTRAINT [FK_loan_exception_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE,
    CONSTRAINT [FK_loan_exception_policy_exception_type_enum] FOREIGN KEY ([policy_exception_type_enum]) REFERENCES [sample].[lookup] ([enum_id]) ON DELETE NO ACTION
);
GO

IF OBJECT_ID(N'[sample].[report_result]', N'U') IS NULL
CREATE TABLE [sample].[report_result] (
    [app_id] int NOT NULL,
    [name] varchar(100) NOT NULL,
    [value] varchar(250) NULL,
    [source_report_key] varchar(20) NULL,
    [rowstamp] datetime NOT NULL DEFAULT (getutcdate()),
    CONSTRAINT [PK_report_result] PRIMARY KEY ([app_id], [name]),
    CONSTRAINT [FK_report_result_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

-- Values that no column was made for, by name.
IF OBJECT_ID(N'[sample].[history]', N'U') IS NULL
CREATE TABLE [sample].[history] (
    [app_id] int NOT NULL,
    [name] varchar(100) NOT NULL,
    [source] varchar(50) NULL,
    [value] varchar(250) NULL,
    [rowstamp] datetime NOT NULL DEFAULT (getutcdate()),
    CONSTRAINT [PK_history] PRIMARY KEY ([app_id], [name]),
    CONSTRAINT [FK_history_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

IF OBJECT_ID(N'[sample].[score]', N'U') IS NULL
CREATE TABLE [sample].[score] (
    [app_id] int NOT NULL,
    [score_identifier] varchar(30) NOT NULL,
    [score] int NOT NULL,
    CONSTRAINT [PK_score] PRIMARY KEY ([app_id], [score_identifier]),
    CONSTRAINT [FK_score_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

IF OBJECT_ID(N'[sample].[indicator]', N'U') IS NULL
CREATE TABLE [sample].[indicator] (
    [app_id] int NOT NULL,
    [indicator] varchar(50) NOT NULL,
    [value] char(1) NOT NULL,
    CONSTRAINT [PK_indicator] PRIMARY KEY ([app_id], [indicator]),
    CONSTRAINT [FK_indicator_submission] FOREIGN KEY ([app_id]) REFERENCES [sample].[submission] ([app_id]) ON DELETE CASCADE
);
GO

-- One row per decided application. No foreign key: an application that failed has no row elsewhere.
IF OBJECT_ID(N'[sample].[processing_log]', N'U') IS NULL
CREATE TABLE [sample].[processing_log] (
    [log_id] int IDENTITY(1,1) NOT NULL,
    [app_id] int NOT NULL,
    [status] varchar(20) NOT NULL,
    [failure_reason] varchar(500) NULL,
    [processing_time] datetime2(7) NOT NULL DEFAULT (getutcdate()),
    [session_id] varchar(50) NULL,
    [app_id_start] int NULL,
    [app_id_end] int NULL,
    CONSTRAINT [PK_processing_log] PRIMARY KEY ([log_id])
);
GO

IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_processing_log_app_id' AND [object_id] = OBJECT_ID(N'[sample].[processing_log]', N'U'))
CREATE INDEX [IX_processing_log_app_id] ON [sample].[processing_log] ([app_id]);
GO
