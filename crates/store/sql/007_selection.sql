-- The control schema, version 7: new tables only, so that a build for version 1 to 6 goes on working. Safe to repeat.
-- What a job takes that does not take all of its scope (its mode ends in `-part`): a share, in millionths, or, where that
-- is 0, so many applications that are listed.
IF OBJECT_ID(N'[xmlx].[job_selection]', N'U') IS NULL
CREATE TABLE [xmlx].[job_selection] (
    [job_id] bigint NOT NULL,
    [millionths] int NOT NULL,
    [applications] bigint NOT NULL,
    CONSTRAINT [PK_job_selection] PRIMARY KEY CLUSTERED ([job_id])
);
GO
-- The applications of a job that are listed. A share has none here: the ids themselves say which are of it.
IF OBJECT_ID(N'[xmlx].[job_application]', N'U') IS NULL
CREATE TABLE [xmlx].[job_application] (
    [job_id] bigint NOT NULL,
    [app_id] bigint NOT NULL,
    CONSTRAINT [PK_job_application] PRIMARY KEY CLUSTERED ([job_id], [app_id])
);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 7)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (7, 1);
