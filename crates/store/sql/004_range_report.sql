-- The control schema, version 4: new tables only, so that a build for version 1, 2 or 3 goes on working. Safe to repeat.
-- What each lease has committed, in numbers, as JSON: by lease, so that a commit overwrites what only its own lease has
-- written. No value of a document is in it.
IF OBJECT_ID(N'[xmlx].[range_report]', N'U') IS NULL
CREATE TABLE [xmlx].[range_report] (
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [epoch] bigint NOT NULL,
    [report] nvarchar(max) NOT NULL,
    CONSTRAINT [PK_range_report] PRIMARY KEY CLUSTERED ([job_id], [range_id], [epoch])
);
GO
-- How many values of a column may be NULL, defaults, unreadable, cut or unknown codes before the job pauses. `.._before`:
-- what there were when the job was resumed after it had paused for it.
IF OBJECT_ID(N'[xmlx].[job_threshold]', N'U') IS NULL
CREATE TABLE [xmlx].[job_threshold] (
    [job_id] bigint NOT NULL,
    [n] int NOT NULL,
    [threshold] nvarchar(450) NOT NULL,
    [rows_before] bigint NOT NULL,
    [found_before] bigint NOT NULL,
    CONSTRAINT [PK_job_threshold] PRIMARY KEY CLUSTERED ([job_id], [n])
);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 4)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (4, 1);
