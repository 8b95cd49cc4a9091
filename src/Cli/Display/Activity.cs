namespace TrainingCluster.Cli.Display;

/// <summary>Shows long work on standard error: as a bar on a terminal, else as plain lines.</summary>
public static class Activity
{
    /// <summary>Does <paramref name="work"/> under <paramref name="title"/>.</summary>
    public static async Task<T> RunAsync<T>(Terminal terminal, string title, Func<IActivity, Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(work);
        return terminal.IsLive ? await LiveActivity.RunAsync(terminal, title, work) : await PlainActivity.RunAsync(terminal, title, work);
    }

    /// <summary>Does <paramref name="work"/> under <paramref name="title"/>.</summary>
    public static Task RunAsync(Terminal terminal, string title, Func<IActivity, Task> work) =>
        RunAsync(
            terminal,
            title,
            async activity =>
            {
                await work(activity);
                return 0;
            }
        );
}
