-- The control schema, version 1. Run by `xmlx-client init`; safe to repeat.
IF SCHEMA_ID(N'xmlx') IS NULL EXEC(N'CREATE SCHEMA [xmlx]');
GO
-- `compatible_from`: the oldest version that a program may have been built for to work with this one.
IF OBJECT_ID(N'[xmlx].[schema_version]', N'U') IS NULL
CREATE TABLE [xmlx].[schema_version] (
    [version] int NOT NULL,
    [compatible_from] int NOT NULL,
    [applied_at] datetime2(3) NOT NULL CONSTRAINT [DF_schema_version_applied_at] DEFAULT (sysutcdatetime()),
    CONSTRAINT [PK_schema_version] PRIMARY KEY CLUSTERED ([version])
);
GO
-- One row. `term` counts the coordinators that have led; only the database's clock decides when a lease ends.
-- `commits_max`: how many commits the whole cluster may have under way; NULL: what its coordinators are configured with.
IF OBJECT_ID(N'[xmlx].[leader]', N'U') IS NULL
CREATE TABLE [xmlx].[leader] (
    [id] int NOT NULL,
    [term] bigint NOT NULL,
    [holder] varchar(36) NOT NULL,
    [address] nvarchar(400) NOT NULL,
    [expires_at] datetime2(3) NOT NULL,
    [commits_max] int NULL,
    CONSTRAINT [PK_leader] PRIMARY KEY CLUSTERED ([id])
);
GO
-- One row per life of a worker process.
IF OBJECT_ID(N'[xmlx].[worker_session]', N'U') IS NULL
CREATE TABLE [xmlx].[worker_session] (
    [session_id] varchar(36) NOT NULL,
    [name] nvarchar(200) NOT NULL,
    [build] nvarchar(100) NOT NULL,
    [slots] int NOT NULL,
    [state] varchar(20) NOT NULL,
    [started_at] datetime2(3) NOT NULL CONSTRAINT [DF_worker_session_started_at] DEFAULT (sysutcdatetime()),
    [ended_at] datetime2(3) NULL,
    CONSTRAINT [PK_worker_session] PRIMARY KEY CLUSTERED ([session_id])
);
GO
-- `submit_key` makes a repeated submit find the job of the first one. The job's rows of processing_log lie above
-- `log_watermark` and, once it has ended, not above `log_end`. The higher `priority`, the sooner it is served.
IF OBJECT_ID(N'[xmlx].[job]', N'U') IS NULL
CREATE TABLE [xmlx].[job] (
    [job_id] bigint NOT NULL,
    [submit_key] varchar(64) NOT NULL,
    [name] nvarchar(200) NOT NULL,
    [contract_hash] char(64) NOT NULL,
    [contract] nvarchar(max) NOT NULL,
    [mode] varchar(20) NOT NULL,
    [priority] int NOT NULL CONSTRAINT [DF_job_priority] DEFAULT (0),
    [scope_lo] bigint NOT NULL,
    [scope_hi] bigint NOT NULL,
    [state] varchar(20) NOT NULL,
    [reason] nvarchar(1000) NOT NULL CONSTRAINT [DF_job_reason] DEFAULT (N''),
    [total] bigint NULL,
    [log_watermark] bigint NOT NULL,
    [log_end] bigint NULL,
    [created_at] datetime2(3) NOT NULL CONSTRAINT [DF_job_created_at] DEFAULT (sysutcdatetime()),
    [finished_at] datetime2(3) NULL,
    CONSTRAINT [PK_job] PRIMARY KEY CLUSTERED ([job_id]),
    CONSTRAINT [UQ_job_submit_key] UNIQUE ([submit_key])
);
GO
-- The ranges of a job tile its scope. `committed_through`: every application of the range at or below it is decided.
-- `deaths`: owners that were lost while they held it; the next one takes the first applications one at a time.
IF OBJECT_ID(N'[xmlx].[range]', N'U') IS NULL
CREATE TABLE [xmlx].[range] (
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [lo] bigint NOT NULL,
    [hi] bigint NOT NULL,
    [state] varchar(10) NOT NULL,
    [epoch] bigint NOT NULL,
    [owner_session] varchar(36) NULL,
    [committed_through] bigint NOT NULL,
    [done_ok] bigint NOT NULL CONSTRAINT [DF_range_done_ok] DEFAULT (0),
    [done_failed] bigint NOT NULL CONSTRAINT [DF_range_done_failed] DEFAULT (0),
    [rows_written] bigint NOT NULL CONSTRAINT [DF_range_rows_written] DEFAULT (0),
    [deaths] int NOT NULL CONSTRAINT [DF_range_deaths] DEFAULT (0),
    CONSTRAINT [PK_range] PRIMARY KEY CLUSTERED ([job_id], [range_id]),
    CONSTRAINT [FK_range_job] FOREIGN KEY ([job_id]) REFERENCES [xmlx].[job] ([job_id])
);
GO
-- Every change of a range's owner, bounds or state, in the transaction that made it. `range_id` 0: the job itself
-- moved to the state that `event` names. `term` 0: the owner's own change.
IF OBJECT_ID(N'[xmlx].[range_history]', N'U') IS NULL
CREATE TABLE [xmlx].[range_history] (
    [history_id] bigint IDENTITY(1,1) NOT NULL,
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [event] varchar(20) NOT NULL,
    [lo] bigint NOT NULL,
    [hi] bigint NOT NULL,
    [epoch] bigint NOT NULL,
    [term] bigint NOT NULL,
    [session_id] varchar(36) NULL,
    [committed_through] bigint NOT NULL,
    [at] datetime2(3) NOT NULL CONSTRAINT [DF_range_history_at] DEFAULT (sysutcdatetime()),
    CONSTRAINT [PK_range_history] PRIMARY KEY CLUSTERED ([history_id])
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_range_history_job_id' AND [object_id] = OBJECT_ID(N'[xmlx].[range_history]', N'U'))
CREATE INDEX [IX_range_history_job_id] ON [xmlx].[range_history] ([job_id], [event]);
GO
-- Applications that were tried alone after a death in their range: `tries` counts the deaths that preceded a try.
IF OBJECT_ID(N'[xmlx].[suspect]', N'U') IS NULL
CREATE TABLE [xmlx].[suspect] (
    [job_id] bigint NOT NULL,
    [app_id] bigint NOT NULL,
    [tries] int NOT NULL,
    [deaths] int NOT NULL,
    CONSTRAINT [PK_suspect] PRIMARY KEY CLUSTERED ([job_id], [app_id])
);
GO
-- Where the row was deleted, no term that has been comes again: not every one has left a trace.
IF NOT EXISTS (SELECT 1 FROM [xmlx].[leader] WHERE [id] = 1)
INSERT INTO [xmlx].[leader] ([id], [term], [holder], [address], [expires_at])
SELECT 1, COALESCE(MAX([term]) + 1000000, 0), '', N'', '2000-01-01T00:00:00' FROM [xmlx].[range_history];
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 1)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (1, 1);
