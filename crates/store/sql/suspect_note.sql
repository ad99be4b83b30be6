-- Before an application is tried alone: how often it has been by now, this time included.
-- params: @P1 bigint, @P2 bigint
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[suspect] SET [tries] = [tries] + 1 WHERE [job_id] = @P1 AND [app_id] = @P2;
IF @@ROWCOUNT = 0
INSERT INTO [xmlx].[suspect] ([job_id], [app_id], [tries]) VALUES (@P1, @P2, 1);
SELECT [tries] FROM [xmlx].[suspect] WHERE [job_id] = @P1 AND [app_id] = @P2;
COMMIT;
