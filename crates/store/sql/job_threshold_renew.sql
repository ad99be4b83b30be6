-- What the columns of a job have by now does not count against these thresholds any more.
-- params: @P1 bigint, @P2 bigint, @P3 nvarchar(max), @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job_threshold] SET [rows_before] = j.[n_rows], [found_before] = j.[n_found]
FROM OPENJSON(@P3) WITH ([place] int '$[0]', [n_rows] bigint '$[1]', [n_found] bigint '$[2]') AS j
WHERE [job_id] = @P2 AND [n] = j.[place] OPTION (LOOP JOIN);
COMMIT;
