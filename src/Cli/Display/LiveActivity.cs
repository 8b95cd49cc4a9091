namespace TrainingCluster.Cli.Display;

/// <summary>Progress as a bar that is drawn in place, with figures and the time left.</summary>
internal sealed class LiveActivity : IActivity
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(100);
    private readonly Terminal _terminal;
    private readonly string _title;
    private readonly long _began;
    private readonly Lock _lock = new();
    private double? _share;
    private string _detail = "";
    private TimeSpan? _left;

    private LiveActivity(Terminal terminal, string title) => (_terminal, _title, _began) = (terminal, title, terminal.Time.GetTimestamp());

    private LiveScreen Screen => _terminal.Screen!;

    private TimeSpan Elapsed => _terminal.Time.GetElapsedTime(_began);

    public static async Task<T> RunAsync<T>(Terminal terminal, string title, Func<IActivity, Task<T>> work)
    {
        var activity = new LiveActivity(terminal, title);
        try
        {
            // The window may be resized between two reports, and a mark that moves tells that the command lives.
            await using var timer = terminal.Time.CreateTimer(_ => activity.Draw(), null, TimeSpan.Zero, s_every);
            var result = await work(activity);
            lock (activity._lock)
            {
                (activity._share, activity._left) = (1, null);
                activity._detail = $"{activity._detail}  {Text.Of(activity.Elapsed)}".Trim();
            }
            return result;
        }
        finally
        {
            activity.Draw();
            activity.Screen.Leave();
        }
    }

    public void Report(double done, double total, string detail, TimeSpan? left)
    {
        lock (_lock)
        {
            _share = total > 0 ? Math.Clamp(done / total, 0, 1) : null;
            (_detail, _left) = (detail, left ?? PlainActivity.TimeLeft(Elapsed, done, total));
        }
    }

    public void Line(string text) => _terminal.Error.WriteLine(text);

    private void Draw()
    {
        lock (_lock)
        {
            var line = new ProgressLine(_title, _share, _detail, _left is { } left ? $"{Text.Of(left)} left" : "", Elapsed);
            Screen.Show(line.Fit);
        }
    }
}
