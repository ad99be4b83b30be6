-- The control schema, version 5: new tables only, so that a build for version 1 to 4 goes on working. Safe to repeat.
-- What a job has found of single applications: ids, columns and reasons, never a value. `n` counts within an application.
IF OBJECT_ID(N'[xmlx].[finding]', N'U') IS NULL
CREATE TABLE [xmlx].[finding] (
    [job_id] bigint NOT NULL,
    [range_id] bigint NOT NULL,
    [app_id] bigint NOT NULL,
    [n] int NOT NULL,
    [kind] varchar(40) NOT NULL,
    [table_name] nvarchar(257) NOT NULL,
    [column_name] nvarchar(128) NOT NULL,
    [reason] nvarchar(1000) NOT NULL,
    CONSTRAINT [PK_finding] PRIMARY KEY CLUSTERED ([job_id], [app_id], [n])
);
GO
-- Keys that no two applications may share, of those that a rehearsal would let through: hashes, never the values.
IF OBJECT_ID(N'[xmlx].[rehearsed_key]', N'U') IS NULL
CREATE TABLE [xmlx].[rehearsed_key] (
    [job_id] bigint NOT NULL,
    [key_no] int NOT NULL,
    [key_hash] bigint NOT NULL,
    [app_id] bigint NOT NULL,
    CONSTRAINT [PK_rehearsed_key] PRIMARY KEY CLUSTERED ([job_id], [key_no], [key_hash], [app_id])
);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 5)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (5, 1);
