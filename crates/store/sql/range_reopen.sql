-- Something waits in a range that is done, in [@P4, @P5) of [lo, @P6): the range ends there, and two arise behind it, a
-- pending one (@P7) of what waits and, where anything is left, one that is done (@P8). The ranges go on tiling the scope.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint, @P6 bigint, @P7 bigint, @P8 bigint, @P9 bigint, @P10 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P10 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [total] = [total] + @P9 WHERE [job_id] = @P2 AND [state] = 'running';
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
UPDATE [xmlx].[range] SET [hi] = @P4, [committed_through] = @P4 - 1
WHERE [job_id] = @P2 AND [range_id] = @P3 AND [state] = 'done' AND [hi] = @P6 AND [lo] <= @P4;
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
SELECT [job_id], [range_id], 'reopened', [lo], [hi], [epoch], @P1, NULL, [committed_through]
FROM [xmlx].[range] WHERE [job_id] = @P2 AND [range_id] = @P3;
INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
VALUES (@P2, @P7, @P4, @P5, 'pending', 0, NULL, @P4 - 1);
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
VALUES (@P2, @P7, 'created', @P4, @P5, 0, @P1, NULL, @P4 - 1);
IF @P5 < @P6
BEGIN
    INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
    VALUES (@P2, @P8, @P5, @P6, 'done', 0, NULL, @P6 - 1);
    INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
    VALUES (@P2, @P8, 'created', @P5, @P6, 0, @P1, NULL, @P5 - 1);
    INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
    VALUES (@P2, @P8, 'empty', @P5, @P6, 0, @P1, NULL, @P6 - 1);
END;
COMMIT;
