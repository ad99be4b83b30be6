-- Before an application is tried alone: how often it has been by now, this time included. The same life may note it
-- twice (a lost answer, a lease that came back): only a further death of the range (@P3) counts.
-- params: @P1 bigint, @P2 bigint, @P3 int
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[suspect] SET [tries] = [tries] + 1, [deaths] = @P3 WHERE [job_id] = @P1 AND [app_id] = @P2 AND [deaths] < @P3;
IF NOT EXISTS (SELECT 1 FROM [xmlx].[suspect] WHERE [job_id] = @P1 AND [app_id] = @P2)
INSERT INTO [xmlx].[suspect] ([job_id], [app_id], [tries], [deaths]) VALUES (@P1, @P2, 1, @P3);
SELECT [tries] FROM [xmlx].[suspect] WHERE [job_id] = @P1 AND [app_id] = @P2;
COMMIT;
