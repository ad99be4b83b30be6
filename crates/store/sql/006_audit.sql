-- The control schema, version 6: the record of who did what, and tokens. New tables only, so that older builds go on
-- working. Safe to repeat.
-- One row for each change that somebody asked for, and for what was denied. Nobody has the right to change or delete one.
-- `hash` is over the row and `previous`, the hash of the row before.
IF OBJECT_ID(N'[xmlx].[audit]', N'U') IS NULL
CREATE TABLE [xmlx].[audit] (
    [entry] bigint NOT NULL,
    [at] datetime2(3) NOT NULL,
    [who] nvarchar(200) NOT NULL,
    [address] nvarchar(60) NOT NULL,
    [method] nvarchar(100) NOT NULL,
    [subject] nvarchar(200) NOT NULL,
    [contract_hash] varchar(64) NOT NULL,
    [parameters] nvarchar(2000) NOT NULL,
    [outcome] varchar(20) NOT NULL,
    [previous] varchar(64) NOT NULL,
    [hash] varchar(64) NOT NULL,
    CONSTRAINT [PK_audit] PRIMARY KEY CLUSTERED ([entry])
);
GO
-- The last row's number and hash: rows that were cut off at the end are missed, and writers take turns.
IF OBJECT_ID(N'[xmlx].[audit_head]', N'U') IS NULL
CREATE TABLE [xmlx].[audit_head] (
    [id] int NOT NULL,
    [entry] bigint NOT NULL,
    [hash] varchar(64) NOT NULL,
    CONSTRAINT [PK_audit_head] PRIMARY KEY CLUSTERED ([id])
);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[audit_head] WHERE [id] = 1)
INSERT INTO [xmlx].[audit_head] ([id], [entry], [hash]) VALUES (1, 0, '');
GO
-- Tokens by the hash of their secret.
IF OBJECT_ID(N'[xmlx].[token]', N'U') IS NULL
CREATE TABLE [xmlx].[token] (
    [token_id] varchar(20) NOT NULL,
    [name] nvarchar(64) NOT NULL,
    [role] varchar(20) NOT NULL,
    [hash] varchar(64) NOT NULL,
    [created_by] nvarchar(200) NOT NULL,
    [created_at] datetime2(3) NOT NULL CONSTRAINT [DF_token_created_at] DEFAULT (sysutcdatetime()),
    [expires_at] datetime2(3) NOT NULL,
    [revoked_at] datetime2(3) NULL,
    CONSTRAINT [PK_token] PRIMARY KEY CLUSTERED ([token_id])
);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 6)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (6, 1);
