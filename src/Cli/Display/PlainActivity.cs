namespace TrainingCluster.Cli.Display;

/// <summary>Progress as lines of text: one at the beginning, one every few seconds, one at the end.</summary>
internal sealed class PlainActivity(Terminal terminal, string title) : IActivity
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private readonly long _began = terminal.Time.GetTimestamp();
    private long _written = terminal.Time.GetTimestamp();

    public static async Task<T> RunAsync<T>(Terminal terminal, string title, Func<IActivity, Task<T>> work)
    {
        await terminal.Error.WriteLineAsync($"{title} ...");
        var activity = new PlainActivity(terminal, title);
        var result = await work(activity);
        await terminal.Error.WriteLineAsync($"{title}: {Text.Of(terminal.Time.GetElapsedTime(activity._began))}");
        return result;
    }

    public void Report(double done, double total, string detail, TimeSpan? left)
    {
        lock (_lock)
        {
            if (terminal.Time.GetElapsedTime(_written) < s_every)
            {
                return;
            }
            _written = terminal.Time.GetTimestamp();
            left ??= TimeLeft(terminal.Time.GetElapsedTime(_began), done, total);
            var share = total > 0 ? Text.Invariant($" {100 * done / total:F0} %") : "";
            var rest = left is { } time ? $"  {Text.Of(time)} left" : "";
            terminal.Error.WriteLine($"{title}{share}  {detail}{rest}");
        }
    }

    public void Line(string text)
    {
        lock (_lock)
        {
            terminal.Error.WriteLine(text);
        }
    }

    /// <summary>At the rate so far. Null: too early to say.</summary>
    internal static TimeSpan? TimeLeft(TimeSpan elapsed, double done, double total) =>
        total > 0 && done > 0 && elapsed > TimeSpan.FromSeconds(1) ? elapsed * Math.Max(0, (total - done) / done) : null;
}
