-- The control schema, version 2: what `status` counts of every job, found without reading its ranges. Safe to repeat.
-- A build for version 1 goes on working.
SET LOCK_TIMEOUT 5000;
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = N'IX_range_job_id_state' AND [object_id] = OBJECT_ID(N'[xmlx].[range]', N'U'))
CREATE INDEX [IX_range_job_id_state] ON [xmlx].[range] ([job_id], [state]);
GO
IF NOT EXISTS (SELECT 1 FROM [xmlx].[schema_version] WHERE [version] = 2)
INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (2, 1);
