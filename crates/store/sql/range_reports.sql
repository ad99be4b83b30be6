-- A page of the reports of a job: behind the lease of range @P2 and epoch @P3, at most @P4.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint
SELECT TOP (@P4) q.[range_id], q.[epoch], q.[report] FROM [xmlx].[range_report] AS q
WHERE q.[job_id] = @P1 AND (q.[range_id] > @P2 OR (q.[range_id] = @P2 AND q.[epoch] > @P3))
ORDER BY q.[range_id], q.[epoch];
