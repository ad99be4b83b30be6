-- Takes at most some @P3 rows of what tables since version 7 hold of a job that has ended. Returns how many are left.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
IF EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[job_id] = @P2 AND j.[finished_at] IS NULL) THROW 51003, N'conflict', 1;
DELETE FROM [xmlx].[job_application] WHERE [job_id] = @P2
    AND [app_id] <= (SELECT MAX(t.[app_id]) FROM (SELECT TOP (@P3) a.[app_id] FROM [xmlx].[job_application] AS a WHERE a.[job_id] = @P2 ORDER BY a.[app_id]) AS t);
DELETE FROM [xmlx].[job_selection] WHERE [job_id] = @P2;
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[job_application] AS b WHERE b.[job_id] = @P2;
COMMIT;
