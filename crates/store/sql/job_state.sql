-- A job that is done has decided what there was to decide; what others decided in the meantime is none of it.
-- params: @P1 bigint, @P2 bigint, @P3 varchar(20), @P4 varchar(20), @P5 nvarchar(1000), @P6 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P6 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job]
SET [state] = @P4, [reason] = @P5,
    [total] = CASE WHEN @P4 = 'done' THEN (SELECT COALESCE(SUM(r.[done_ok] + r.[done_failed]), 0) FROM [xmlx].[range] AS r WHERE r.[job_id] = @P2) ELSE [total] END,
    [finished_at] = CASE WHEN @P4 = 'done' OR @P4 = 'failed' OR @P4 = 'cancelled' THEN SYSUTCDATETIME() ELSE NULL END
WHERE [job_id] = @P2 AND [state] = CAST(@P3 AS varchar(20));
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
SELECT [job_id], 0, [state], [scope_lo], [scope_hi], 0, @P1, NULL, [scope_lo] - 1 FROM [xmlx].[job] WHERE [job_id] = @P2;
COMMIT;
