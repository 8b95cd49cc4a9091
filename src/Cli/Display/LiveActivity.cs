using Spectre.Console;
using Spectre.Console.Rendering;

namespace TrainingCluster.Cli.Display;

/// <summary>Progress as a bar that is drawn in place, with figures and the time left.</summary>
internal sealed class LiveActivity : IActivity
{
    private readonly IAnsiConsole _console;
    private readonly ProgressTask _task;
    private readonly FiguresColumn _figures;
    private readonly TimeProvider _time;
    private readonly long _began;

    private LiveActivity(IAnsiConsole console, ProgressTask task, FiguresColumn figures, TimeProvider time) =>
        (_console, _task, _figures, _time, _began) = (console, task, figures, time, time.GetTimestamp());

    public static Task<T> RunAsync<T>(Terminal terminal, string title, Func<IActivity, Task<T>> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error) });
        var figures = new FiguresColumn();
        return console
            .Progress()
            .HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 24 },
                new PercentageColumn(),
                figures
            )
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(title));
                task.IsIndeterminate = true;
                var activity = new LiveActivity(console, task, figures, terminal.Time);
                var result = await work(activity);
                (task.IsIndeterminate, task.Value) = (false, task.MaxValue);
                (figures.Left, figures.Detail) = ("", $"{figures.Detail}  {Text.Of(terminal.Time.GetElapsedTime(activity._began))}".Trim());
                return result;
            });
    }

    public void Report(double done, double total, string detail, TimeSpan? left)
    {
        if (total > 0)
        {
            (_task.IsIndeterminate, _task.MaxValue, _task.Value) = (false, total, done);
        }
        left ??= PlainActivity.TimeLeft(_time.GetElapsedTime(_began), done, total);
        (_figures.Detail, _figures.Left) = (detail, left is { } rest ? $"  {Text.Of(rest)} left" : "");
    }

    public void Line(string text) => _console.WriteLine(text);

    private sealed class FiguresColumn : ProgressColumn
    {
        public string Detail { get; set; } = "";

        public string Left { get; set; } = "";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Spectre.Console.Text(Detail + Left);
    }
}
