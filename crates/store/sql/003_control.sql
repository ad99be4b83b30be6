-- The control schema, version 3: new tables and indexes only, so that a build for version 1 or 2 goes on working.
-- Safe to repeat.
-- Which sessions have tried an application alone. Of those that are known to be gone, the application is suspected of
-- having taken them down.
IF OBJECT_ID(N'[xmlx].[trial]', N'U') IS NULL
CREATE TABLE [xmlx].[trial] (
    [job_id] bigint NOT NULL,
    [app_id] bigint NOT NULL,
    [session_id] varchar(36) NOT NULL,
    [tried_at] datetime2(3) NOT NULL CONSTRAINT [DF_trial_tried_at] DEFAULT (sysutcdatetime()),
    CONSTRAINT [PK_trial] PRIMARY KEY CLUSTERED ([job_id], [app_id], [session_id])
);
GO
-- How many failures and warnings a job may have before it pauses: a number of applications, or a share with `%`.
-- `.._before`: what it had when it was resumed after its budget was used up.
IF OBJECT_ID(N'[xmlx].[job_budget]', N'U') IS NULL
CREATE TABLE [xmlx].[job_budget] (
    [job_id] bigint NOT NULL,
    [max_failures] varchar(20) NOT NULL,
    [max_warnings] varchar(20) NOT NULL,
    [decided_before] bigint NOT NULL,
    [failed_before] bigint NOT NULL,
    [warned_before] bigint NOT NULL,
    CONSTRAINT [PK_job_budget] PRIMARY KEY CLUSTERED ([job_id])
);
GO
-- Applications of a range that have warnings, and how many they have. By range, so that commits of different owners
-- never wait for each other.
IF OBJECT_ID(N'[xmlx].[range_warning]', N'U') IS NULL
CREATE TABLE [xmlx].[range_warning] (
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [applications] bigint NOT NULL,
    [warnings] bigint NOT NULL,
    CONSTRAINT [PK_range_warning] PRIMARY KEY CLUSTERED ([job_id], [range_id])
);
GO
-- The same by target column and kind; `column_name` is empty where a warning is about a row as a whole.
IF OBJECT_ID(N'[xmlx].[warning]', N'U') IS NULL
CREATE TABLE [xmlx].[warning] (
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [table_name] nvarchar(257) NOT NULL,
    [column_name] nvarchar(128) NOT NULL,
    [kind] varchar(30) NOT NULL,
    [applications] bigint NOT NULL,
    [warnings] bigint NOT NULL,
    [first_app_id] bigint NOT NULL,
    [last_app_id] bigint NOT NULL,
    CONSTRAINT [PK_warning] PRIMARY KEY CLUSTERED ([job_id], [range_id], [table_name], [column_name], [kind])
);
GO
-- Where the scope of a job that follows grows: at its end only, or wherever ids come.
IF OBJECT_ID(N'[xmlx].[job_follow]', N'U') IS NULL
CREATE TABLE [xmlx].[job_follow] (
    [job_id] bigint NOT NULL,
    [grows_down] int NOT NULL,
    CONSTRAINT [PK_job_follow] PRIMARY KEY CLUSTERED ([job_id])
);
GO
-- The ranges of a stretch of ids; the history of a job in its order; the sessions that are open, and those that may go.
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_range_job_id_lo' AND [object_id] = OBJECT_ID(N'[xmlx].[range]', N'U'))
CREATE INDEX [IX_range_job_id_lo] ON [xmlx].[range] ([job_id], [lo]);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_range_history_job_id_entry' AND [object_id] = OBJECT_ID(N'[xmlx].[range_history]', N'U'))
CREATE INDEX [IX_range_history_job_id_entry] ON [xmlx].[range_history] ([job_id], [history_id]);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_worker_session_state' AND [object_id] = OBJECT_ID(N'[xmlx].[worker_session]', N'U'))
CREATE INDEX [IX_worker_session_state] ON [xmlx].[worker_session] ([state], [ended_at]);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 3)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (3, 1);
