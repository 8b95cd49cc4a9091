using TrainingCluster.Cli.Client;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>What a folder of processes holds of earlier runs, which a crash or a signal may have ended before their job.</summary>
public static class EarlierJobs
{
    /// <summary>
    /// The newest job with the same recipe and the same data, to go on with or, where it has succeeded, to take the model of. It is resumed
    /// if it was suspended. Null: there is none.
    /// </summary>
    /// <param name="terminal">Hears of it.</param>
    /// <param name="connection">The coordinator.</param>
    /// <param name="spec">The job to be, with its dataset's fingerprint.</param>
    /// <param name="folder">The folder, as the user named it.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="CliException">Another job has the workers.</exception>
    public static async Task<Job?> FindAsync(
        Terminal terminal,
        ClusterConnection connection,
        JobSpec spec,
        string folder,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(spec);
        var jobs = await ListAsync(connection, cancellationToken);
        var wanted = Comparable(spec);
        var same = jobs.FirstOrDefault(job => Comparable(job.Spec).Equals(wanted));
        if (jobs.FirstOrDefault(job => job.Id != same?.Id && job.State is JobState.Queued or JobState.Running) is { } other)
        {
            throw CliException.BadUsage(
                $"--work-dir {folder}: job {other.Id} of an earlier run has the workers, and is not the same job; name another folder, or "
                    + $"end it: './cluster up --data {folder}', then './cluster cancel {other.Id}'"
            );
        }
        if (same is null)
        {
            return null;
        }
        var goesOn = same.State == JobState.Succeeded ? "it has succeeded already" : $"it goes on after step {same.Progress?.Step ?? 0}";
        await terminal.Error.WriteLineAsync($"{folder} holds the same job from an earlier run, {same.Id}: {goesOn}");
        return same.State == JobState.Suspended
            ? await connection.CallAsync(
                options => connection.Jobs.ResumeJobAsync(new ResumeJobRequest { Id = same.Id }, options),
                cancellationToken
            )
            : same;
    }

    /// <summary>Newest first.</summary>
    private static async Task<IReadOnlyList<Job>> ListAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        var jobs = new List<Job>();
        var request = new ListJobsRequest { Filter = "state = QUEUED OR state = RUNNING OR state = SUSPENDED OR state = SUCCEEDED" };
        do
        {
            var page = await connection.CallAsync(options => connection.Jobs.ListJobsAsync(request, options), cancellationToken);
            jobs.AddRange(page.Jobs);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        return jobs;
    }

    /// <summary>The dataset is known by its fingerprint: the same text may come by another path.</summary>
    private static JobSpec Comparable(JobSpec spec)
    {
        var filled = JobSpecDefaults.Fill(spec);
        filled.Dataset.ClearSource();
        filled.Dataset.ClearTarget();
        filled.Dataset.ClearValidSource();
        filled.Dataset.ClearValidTarget();
        return filled;
    }
}
