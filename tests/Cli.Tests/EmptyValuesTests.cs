using System.CommandLine;

namespace TrainingCluster.Cli.Tests;

/// <summary>A shell's variable that is not set gives an empty text, wherever a value is expected.</summary>
public sealed class EmptyValuesTests
{
    private static readonly RootCommand s_root = CommandLine.Create(Terminal.OfProcess());

    public static TheoryData<string, string> Options =>
        new(
            s_root.Subcommands.SelectMany(command =>
                command
                    .Options.Where(option => option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0)
                    .Where(option => !(option.HasDefaultValue && option.GetDefaultValue() is ""))
                    .Select(option => (command.Name, option.Name))
            )
        );

    public static TheoryData<string> Arguments =>
        new(s_root.Subcommands.Where(command => command.Arguments.Count > 0).Select(command => command.Name));

    [Theory, MemberData(nameof(Options))]
    public async Task Run_OptionGivenNothing_IsNamed(string command, string option)
    {
        foreach (var nothing in (string[])["", " ", "\t"])
        {
            var session = await Session.RunAsync(command, option, nothing);
            Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
            Assert.Contains($"cluster: {option} is empty", session.Error, StringComparison.Ordinal);
        }
        Assert.Equal(ExitCodes.BadUsage, (await Session.RunAsync(command, $"{option}=")).ExitCode);
    }

    [Theory, MemberData(nameof(Arguments))]
    public async Task Run_ArgumentGivenNothing_IsNamed(string command)
    {
        var session = await Session.RunAsync(command, "");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Matches("cluster: (JOB|ID|DIR|FILE|SENTENCE) is empty", session.Error);
    }

    [Fact]
    public async Task Run_OptionWhoseDefaultIsEmpty_MayBeEmpty()
    {
        var session = await Session.RunAsync("watch", "job-1", "--resume-token", "", "--coordinator", "");
        Assert.DoesNotContain("--resume-token", session.Error, StringComparison.Ordinal);
        Assert.Contains("--coordinator is empty", session.Error, StringComparison.Ordinal);
    }
}
