-- Takes at most some @P3 rows of what tables since version 4 hold of a job that has ended. Returns how many are left.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
IF EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[job_id] = @P2 AND j.[finished_at] IS NULL) THROW 51003, N'conflict', 1;
DELETE FROM [xmlx].[range_report] WHERE [job_id] = @P2
    AND [range_id] <= (SELECT MAX(t.[range_id]) FROM (SELECT TOP (@P3) w.[range_id] FROM [xmlx].[range_report] AS w WHERE w.[job_id] = @P2 ORDER BY w.[range_id]) AS t);
DELETE FROM [xmlx].[job_threshold] WHERE [job_id] = @P2;
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[range_report] AS a WHERE a.[job_id] = @P2;
COMMIT;
