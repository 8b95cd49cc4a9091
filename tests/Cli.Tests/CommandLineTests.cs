using System.Text.RegularExpressions;

namespace TrainingCluster.Cli.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> CommandNames =>
        new(CommandLine.Create(Terminal.OfProcess()).Subcommands.Select(command => command.Name));

    [Fact]
    public async Task Run_Help_ListsEveryCommand()
    {
        var session = await Session.RunAsync("--help");
        Assert.Equal(0, session.ExitCode);
        Assert.All(CommandNames, row => Assert.Contains($"  {row.Data}", session.Out, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(CommandNames))]
    public async Task Run_HelpOfACommand_DescribesAllItsOptions(string name)
    {
        var session = await Session.RunAsync(name, "--help");
        Assert.Equal(0, session.ExitCode);
        var command = CommandLine.Create(Terminal.OfProcess()).Subcommands.Single(other => other.Name == name);
        // Its name, what it takes, and what it does.
        Assert.All(command.Options, option => Assert.Matches($@"{Regex.Escape(option.Name)}[^\n]*? {{2,}}\S", session.Out));
    }

    [Fact]
    public async Task Run_WordThatBeginsWithAt_IsNoFile()
    {
        var session = await Session.RunAsync("@sumbit");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("there is no command '@sumbit'", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_UnknownCommand_NamesItAndThoseThatThereAre()
    {
        var session = await Session.RunAsync("sumbit");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("'sumbit'", session.Error, StringComparison.Ordinal);
        Assert.Contains("submit", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_HelpOfTrain_SaysTheRulesOfSettings()
    {
        var session = await Session.RunAsync("train", "--help");
        Assert.Contains("Values: 260 to 65535. Default: 6000.", session.Out, StringComparison.Ordinal);
        Assert.Contains("Values: float32, bfloat16. Default: float32.", session.Out, StringComparison.Ordinal);
        Assert.Contains("Default: 10, without --steps.", session.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "--steps", "many", "--steps 'many' has the wrong type; write a whole number from 1 to 1000000000")]
    [InlineData("up", "--workers", "0", "--workers 0")]
    [InlineData("up", "--workers", "two", "two")]
    [InlineData("up", "--grpc-port", "70000", "--grpc-port 70000")]
    [InlineData("jobs", "--limit", "-3", "--limit -3")]
    [InlineData("jobs", "--state", "dancing", "dancing")]
    [InlineData("watch", "--resume-token", "x", "watch")]
    [InlineData("artifacts", "job-1", "extra", "--out")]
    [InlineData("train", "--learning-rate", "0,001", "--learning-rate '0,001' has the wrong type")]
    [InlineData("train", "--learning-rate", " 1", "--learning-rate ' 1' has the wrong type")]
    [InlineData("train", "--dropout", "NaN", "--dropout 'NaN' has the wrong type")]
    [InlineData("train", "--steps", "1e3", "--steps '1e3' has the wrong type")]
    [InlineData("translate", "--length-penalty", "0,5", "--length-penalty '0,5' has the wrong type; write a number such as 0.5, 0 to 5")]
    [InlineData("translate", "--length-penalty", "Infinity", "--length-penalty 'Infinity' has the wrong type")]
    [InlineData("translate", "--length-penalty", "-0.1", "--length-penalty -0.1: must be 0 to 5")]
    [InlineData("translate", "--beam", "1,000", "--beam '1,000' has the wrong type; write a whole number, 1 to 64")]
    [InlineData("translate", "--threads", "100000", "--threads 100000: must be 1 to ")]
    [InlineData("train", "--workers", "100000", "--workers 100000: must be 1 to ")]
    [InlineData("up", "--workers", " 1", "--workers ' 1' has the wrong type")]
    [InlineData("up", "--http-port", "8e3", "--http-port '8e3' has the wrong type")]
    [InlineData("dates", "--seed", "-1", "--seed '-1' has the wrong type")]
    [InlineData("demo", "--seed", "1.0", "--seed '1.0' has the wrong type")]
    public async Task Run_BadOption_NamesItAndTheHelp(string command, string first, string second, string expected)
    {
        var session = await Session.RunAsync(command, first, second);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
        Assert.Contains($"./cluster {command} --help", session.Error, StringComparison.Ordinal);
        Assert.Empty(session.Out);
    }

    [Theory]
    [InlineData("build")]
    [InlineData("test")]
    [InlineData("bench")]
    public async Task Run_CommandOfTheScript_SendsThere(string name)
    {
        var session = await Session.RunAsync(name, "--whatever");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"./cluster {name}", session.Error, StringComparison.Ordinal);
    }
}
