-- Source tables of the two sample contracts: what xmlx reads.
-- SQL Server 2016 SP1 and later; may be run again.
IF SCHEMA_ID(N'sample') IS NULL EXEC (N'CREATE SCHEMA [sample]');
GO

-- The documents of both lines.
IF OBJECT_ID(N'[sample].[application_xml]', N'U') IS NULL
CREATE TABLE [sample].[application_xml] (
    [app_id] int NOT NULL,
    [app_XML] nvarchar(max) NULL,
    CONSTRAINT [PK_application_xml] PRIMARY KEY ([app_id])
);
GO

-- Which documents are card applications.
IF OBJECT_ID(N'[sample].[card_application]', N'U') IS NULL
CREATE TABLE [sample].[card_application] (
    [app_id] int NOT NULL,
    CONSTRAINT [PK_card_application] PRIMARY KEY ([app_id])
);
GO

-- Which documents are loan applications.
IF OBJECT_ID(N'[sample].[loan_application]', N'U') IS NULL
CREATE TABLE [sample].[loan_application] (
    [app_id] int NOT NULL,
    CONSTRAINT [PK_loan_application] PRIMARY KEY ([app_id])
);
GO
