-- Every change the leader makes to a range: from (state, epoch, hi) to (state, epoch, owner, hi), or nothing.
-- Where `hi` falls, the rest becomes a pending range of its own (@P12), so that the ranges go on tiling the scope.
-- A grant moves the cursor up to @P13, below which nothing waits.
-- The range comes before the leader's row: waiting for a worker's commit must not keep the leadership from being renewed.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(10), @P5 bigint, @P6 bigint, @P7 varchar(10), @P8 bigint, @P9 varchar(36), @P10 bigint, @P11 varchar(20), @P12 bigint, @P13 bigint, @P14 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[range]
SET [state] = @P7, [epoch] = @P8, [owner_session] = NULLIF(@P9, ''), [hi] = @P10,
    [deaths] = [deaths] + CASE WHEN @P11 = 'lost' THEN 1 ELSE 0 END,
    [committed_through] = CASE WHEN @P7 = 'done' THEN @P10 - 1 WHEN @P11 = 'granted' AND @P13 > [committed_through] THEN @P13 ELSE [committed_through] END
WHERE [job_id] = @P2 AND [range_id] = @P3 AND [state] = CAST(@P4 AS varchar(10)) AND [epoch] = @P5 AND [hi] = @P6 AND [committed_through] < @P10
    AND (@P11 <> 'granted' OR EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[job_id] = @P2 AND j.[state] = 'running'));
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P14 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
SELECT [job_id], [range_id], @P11, [lo], [hi], [epoch], @P1, [owner_session], [committed_through]
FROM [xmlx].[range] WHERE [job_id] = @P2 AND [range_id] = @P3;
IF @P10 < @P6
BEGIN
    INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
    VALUES (@P2, @P12, @P10, @P6, 'pending', 0, NULL, @P10 - 1);
    INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
    VALUES (@P2, @P12, 'created', @P10, @P6, 0, @P1, NULL, @P10 - 1);
END;
COMMIT;
