-- Takes at most @P3 rows of what belongs to a job that has ended, its history first, and once nothing is left the
-- job itself. Returns whether it is still there.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
IF EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[job_id] = @P2 AND (j.[finished_at] IS NULL OR j.[log_end] IS NULL)) THROW 51003, N'conflict', 1;
DELETE FROM [xmlx].[range_history] WHERE [job_id] = @P2
    AND [history_id] <= (SELECT MAX(t.[history_id]) FROM (SELECT TOP (@P3) h.[history_id] FROM [xmlx].[range_history] AS h WHERE h.[job_id] = @P2 ORDER BY h.[history_id]) AS t);
DELETE FROM [xmlx].[range] WHERE [job_id] = @P2
    AND [range_id] <= (SELECT MAX(t.[range_id]) FROM (SELECT TOP (@P3) r.[range_id] FROM [xmlx].[range] AS r WHERE r.[job_id] = @P2 ORDER BY r.[range_id]) AS t)
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[range_history] AS o WHERE o.[job_id] = @P2);
DELETE FROM [xmlx].[suspect] WHERE [job_id] = @P2;
DELETE FROM [xmlx].[job] WHERE [job_id] = @P2
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[range_history] AS g WHERE g.[job_id] = @P2)
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[range] AS q WHERE q.[job_id] = @P2);
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[job] WHERE [job_id] = @P2;
COMMIT;
