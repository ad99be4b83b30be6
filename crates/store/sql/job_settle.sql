-- Everything of a `follow` job is done for now: what was counted and others decided is none of its work.
-- params: @P1 bigint, @P2 bigint, @P3 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P3 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job]
SET [total] = (SELECT COALESCE(SUM(r.[done_ok] + r.[done_failed]), 0) FROM [xmlx].[range] AS r WHERE r.[job_id] = @P2)
WHERE [job_id] = @P2 AND [state] = 'running' AND [total] IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[range] AS o WHERE o.[job_id] = @P2 AND o.[state] <> 'done');
COMMIT;
