using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>Shows a job until it ends.</summary>
public static class JobFollowing
{
    /// <summary>How long a coordinator may stay away from those who only watch.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);

    /// <summary>Follows the job and returns the change in which it ended.</summary>
    /// <param name="terminal">Shows progress on its error stream; with <paramref name="json"/> events go to its output, a line
    /// each.</param>
    /// <param name="connection">The coordinator.</param>
    /// <param name="id">The job.</param>
    /// <param name="resumeToken">Empty: from its first event.</param>
    /// <param name="known">True: the coordinator has answered before; see <see cref="JobFollower"/>.</param>
    /// <param name="json">True: write events as JSON.</param>
    /// <param name="cancellationToken">Ends the following, not the job.</param>
    /// <exception cref="CliException">There is no such job, or the coordinator stayed away.</exception>
    public static Task<StateChanged> FollowAsync(
        Terminal terminal,
        ClusterConnection connection,
        string id,
        string resumeToken,
        bool known,
        bool json,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        return Activity.RunAsync(
            terminal,
            $"job {id}",
            async activity =>
            {
                StateChanged? last = null;
                var events = JobFollower.FollowAsync(
                    connection,
                    id,
                    resumeToken,
                    known,
                    s_timeout,
                    terminal.Time,
                    reason => activity.Line($"the coordinator is away ({reason}); the job goes on, waiting for it"),
                    cancellationToken
                );
                await foreach (var next in events)
                {
                    JobProgressView.Show(activity, next);
                    if (json)
                    {
                        await terminal.Out.WriteLineAsync(MessageJson.Of(next));
                    }
                    last = next.State ?? last;
                }
                return last is not null && last.State.HasEnded()
                    ? last
                    : throw new CliException($"the events of job {id} ended before the job did");
            }
        );
    }
}
