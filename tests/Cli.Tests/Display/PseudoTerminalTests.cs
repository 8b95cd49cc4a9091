using System.Diagnostics;
using System.Globalization;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Display;

/// <summary>The real program on a real pseudo-terminal: what the screen shows at the end.</summary>
public sealed class PseudoTerminalTests : IDisposable
{
    private const int Steps = 12;
    private const string Reason =
        "worker-1 and worker-2 have joined, and between them they hold all eight logical shards of this job's every step";
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(80, null)]
    [InlineData(100, null)]
    [InlineData(200, null)]
    [InlineData(200, 70)]
    [InlineData(60, 120)]
    public async Task Watch_OnATerminal_LeavesLinesAndNoResidue(int columns, int? resized)
    {
        using var terminal = new PseudoTerminal(columns);
        var screen = new ScreenEmulator(columns);
        await RunAsync(
            terminal,
            screen,
            "xterm-256color",
            () =>
            {
                if (resized is { } width)
                {
                    // In this order: what was drawn before is what the window's change breaks up.
                    screen.Resize(width);
                    terminal.Resize(width);
                }
            }
        );

        AssertEnd(screen, resized ?? columns, columns);
        Assert.True(screen.Escapes > 0);
        Assert.True(screen.IsCursorVisible);
        Assert.Contains(
            screen.Lines,
            line => line.StartsWith("job job-1  ", StringComparison.Ordinal) && line.Contains("100 %", StringComparison.Ordinal)
        );
        Assert.Single(screen.Lines, line => line.Contains(" %", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_OnADumbTerminal_WritesNoEscapes()
    {
        using var terminal = new PseudoTerminal(80);
        var screen = new ScreenEmulator(80);
        await RunAsync(terminal, screen, "dumb", () => { });
        AssertEnd(screen, 80, 80);
        Assert.Equal(0, screen.Escapes);
    }

    [Fact]
    public async Task Watch_Piped_WritesWholeLinesAndNoEscapes()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(Running(Task.CompletedTask));
        var program = Path.Combine(AppContext.BaseDirectory, "cluster.dll");
        var result = await Tool.RunAsync("dotnet", [program, "watch", "job-1", "--coordinator", coordinator.Address]);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Equal("job job-1 succeeded, weights_sha256 abc\n", result.Output);
        Assert.Contains($"running ({Reason})\n", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', result.All);
        Assert.DoesNotContain('\r', result.All);
    }

    [Fact]
    public async Task Jobs_OnATerminal_FitsItsWidth()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                List = _ => new ListJobsResponse
                {
                    Jobs =
                    {
                        new Job
                        {
                            Id = "translate-0123abcd",
                            Spec = new JobSpec { Name = "translate" },
                            State = JobState.Queued,
                            Reason = Reason,
                        },
                    },
                },
            }
        );
        using var terminal = new PseudoTerminal(80);
        var screen = new ScreenEmulator(80);
        using var program = terminal.Start("xterm", null, "jobs", "--coordinator", coordinator.Address);
        await ReadAsync(terminal, screen, program);
        Assert.Equal(2, screen.Text.Split('\n').Length);
        Assert.Contains("translate-0123abcd", screen.Lines[1], StringComparison.Ordinal);
        Assert.Contains("…", screen.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_CtrlC_LeavesTheJobAloneAndSaysHowToGoOn()
    {
        var script = new FakeCoordinator.Script
        {
            Create = request => new Job
            {
                Id = "job-1",
                Spec = request.Spec,
                State = JobState.Queued,
            },
            Watch = async (_, stream, context) =>
            {
                await stream.WriteAsync(Event(1), context.CancellationToken);
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            },
        };
        script.Datasets.Add(new string('a', 64));
        await using var coordinator = await FakeCoordinator.StartAsync(script);
        var job = _folder.Write("job.yaml", $"dataset: {{ fingerprint: {new string('a', 64)} }}\n");
        using var terminal = new PseudoTerminal(200);
        var screen = new ScreenEmulator(200);
        using var program = terminal.Start(
            "xterm",
            null,
            "submit",
            job,
            "--wait",
            "--out",
            _folder.At("model"),
            "--coordinator",
            coordinator.Address
        );
        var pressed = false;
        while (await Task.Run(terminal.Read, TestContext.Current.CancellationToken) is { } text)
        {
            screen.Feed(text);
            if (!pressed && screen.Text.Contains("step 1001/", StringComparison.Ordinal))
            {
                pressed = true;
                terminal.PressCtrlC();
            }
        }
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, program.ExitCode);
        var all = string.Concat(screen.Lines);
        Assert.Contains("cluster: interrupted", all, StringComparison.Ordinal);
        Assert.Contains("job job-1 goes on: './cluster watch job-1", all, StringComparison.Ordinal);
        Assert.Contains($"'./cluster artifacts job-1 --out {_folder.At("model")}", all, StringComparison.Ordinal);
        Assert.True(screen.IsCursorVisible);
        Assert.DoesNotContain("^C", screen.Text, StringComparison.Ordinal);
        Assert.Equal(["job.yaml"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    private static async Task RunAsync(PseudoTerminal terminal, ScreenEmulator screen, string kind, Action halfway)
    {
        var shown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var coordinator = await FakeCoordinator.StartAsync(Running(shown.Task));
        using var program = terminal.Start(kind, null, "watch", "job-1", "--coordinator", coordinator.Address);
        var reading = Task.Factory.StartNew(
            () =>
            {
                while (terminal.Read() is { } text)
                {
                    screen.Feed(text);
                    var seen = kind == "dumb" ? "running (" : $"step {1000 + (Steps / 2)}/";
                    if (!shown.Task.IsCompleted && screen.Text.Contains(seen, StringComparison.Ordinal))
                    {
                        halfway();
                        shown.SetResult();
                    }
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        await reading;
        Assert.Equal(0, program.ExitCode);
    }

    /// <summary>A job that waits half-way until somebody has seen it.</summary>
    private static FakeCoordinator.Script Running(Task seen) =>
        new()
        {
            Watch = async (_, stream, context) =>
            {
                var cancellationToken = context.CancellationToken;
                await stream.WriteAsync(Event(1, new StateChanged { State = JobState.Running, Reason = Reason }), cancellationToken);
                for (var step = 1; step <= Steps; step++)
                {
                    await stream.WriteAsync(Event(step), cancellationToken);
                    if (step == Steps / 2)
                    {
                        await seen.WaitAsync(cancellationToken);
                    }
                }
                await stream.WriteAsync(
                    Event(99, new StateChanged { State = JobState.Succeeded, WeightsSha256 = "abc" }),
                    cancellationToken
                );
            },
        };

    private static async Task ReadAsync(PseudoTerminal terminal, ScreenEmulator screen, Process program)
    {
        while (await Task.Run(terminal.Read, TestContext.Current.CancellationToken) is { } text)
        {
            screen.Feed(text);
        }
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, program.ExitCode);
    }

    /// <summary>The reason stands once and whole, over as many rows as it takes, and the last line tells the end.</summary>
    private static void AssertEnd(ScreenEmulator screen, int columns, int columnsBefore)
    {
        Assert.Equal("job job-1 succeeded, weights_sha256 abc", screen.Text.Split('\n')[^1]);
        Assert.Contains(
            $"running ({Reason})",
            string.Concat(screen.Lines.Select(line => line.Length == columns ? line : $"{line} ")),
            StringComparison.Ordinal
        );
        Assert.All(screen.Lines, line => Assert.InRange(line.Length, 0, Math.Max(columns, columnsBefore)));
    }

    private static JobEvent Event(int token, StateChanged state) => new() { Token = Token(token), State = state };

    private static JobEvent Event(int step) =>
        new()
        {
            Token = Token(step + 1),
            Progress = new JobProgress
            {
                Step = 1000 + step,
                TotalStepCount = 2000,
                Loss = 2.3456,
                TokensPerSecond = 123_456,
                WorkerCount = 12,
                SkippedStepCount = 3,
                RemainingDuration = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(3720)),
            },
        };

    private static string Token(int number) => number.ToString(CultureInfo.InvariantCulture);
}
