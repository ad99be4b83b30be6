-- A `follow` job takes in ids below those that there were: its scope grows by one pending range.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint, @P6 bigint, @P7 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P7 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [scope_lo] = @P5, [total] = [total] + @P6 WHERE [job_id] = @P2 AND [scope_lo] = @P4 AND [state] = 'running';
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
VALUES (@P2, @P3, @P5, @P4, 'pending', 0, NULL, @P5 - 1);
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
VALUES (@P2, @P3, 'created', @P5, @P4, 0, @P1, NULL, @P5 - 1);
COMMIT;
