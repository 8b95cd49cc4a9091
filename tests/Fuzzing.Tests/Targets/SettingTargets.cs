using System.CommandLine;
using System.Text;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Hosting;
using TrainingCluster.Settings;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Times, options of the programs, and the file by which they say where they listen.</summary>
internal static class SettingTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "duration",
            Read = input =>
            {
                if (Duration.TryParse(Encoding.UTF8.GetString(input), out var duration))
                {
                    Assert.True(duration >= TimeSpan.Zero);
                    _ = Duration.Format(duration);
                }
            },
            Seeds = () => new[] { "250 ms", "10 s", "1.5 min", "2h", "0 s" }.Select(Encoding.UTF8.GetBytes),
            IsText = true,
            Words = ["ms", "min", "h", "s", " ", "-", "+", "e9", "."],
        },
        new()
        {
            Name = "program-settings",
            Read = ReadSettings,
            IsRefusal = error => error is OptionsValidationException,
            Seeds = () =>
                new[] { "Heartbeats:Interval=1 s", "Heartbeats:Interval=1 s\nHeartbeats:Pause=5 s" }.Select(Encoding.UTF8.GetBytes),
            IsText = true,
            Words = ["Heartbeats", "Membership", ":", "=", "\n", "heartbeats:interval=2 s"],
            // A program's container of services.
            AllocatedAlways = 2 * 1024 * 1024,
            AllocatedPerByte = 4096,
            Cost = 4,
        },
        new()
        {
            Name = "ready-file",
            Read = input => ReadyFile.TryReadAsync(Scratch.File("ready.json", input), CancellationToken.None).GetAwaiter().GetResult(),
            IsRefusal = error => error is InvalidDataException,
            Seeds = () =>
            {
                var path = Scratch.At("seed.json");
                new ReadyFile("http://127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1:3", 4).Write(path);
                return [File.ReadAllBytes(path)];
            },
            IsText = true,
        },
    ];

    private static void ReadSettings(byte[] input)
    {
        var given = Encoding.UTF8.GetString(input).Split('\n');
        var option = ProgramSettings.Option(CoordinatorSections.All);
        var parsed = Arguments.Read(new RootCommand { option }, [.. given.SelectMany(text => new[] { "--set", text })]);
        if (parsed.Errors.Count > 0)
        {
            return;
        }
        using var services = ProgramSettings.Validated(CoordinatorSections.All, ProgramSettings.Read(parsed.GetValue(option)!));
    }
}
