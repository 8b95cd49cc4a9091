using Microsoft.Extensions.Logging;
using TrainingCluster.Logging;

namespace TrainingCluster.Tests.Logging;

public class LogLevelsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("debug", "debug")]
    [InlineData("WARNING, A.B = Trace", "warning,a.b=trace")]
    [InlineData("A=debug,A=none", "a=none")]
    public void Read_Levels_AreTaken(string text, string expected)
    {
        Assert.Equal(expected, LogLevels.Read(text, out var problem)?.ToString());
        Assert.Equal("", problem);
    }

    [Theory]
    [InlineData("loud", "has the unknown level 'loud'; use trace, debug, information, warning, error, critical, none")]
    [InlineData("debug,A=2", "has the unknown level '2'; use trace, debug, information, warning, error, critical, none")]
    [InlineData("A=", "has the unknown level ''; use trace, debug, information, warning, error, critical, none")]
    [InlineData("=debug", "has a '=' without a category; write CATEGORY=LEVEL")]
    public void Read_NoLevels_SaysWhatIsWrong(string text, string expected)
    {
        Assert.Null(LogLevels.Read(text, out var problem));
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("", "TrainingCluster.X", LogLevel.Information)]
    [InlineData("", "Microsoft.AspNetCore.X", LogLevel.Warning)]
    [InlineData("", "Akka.Cluster.X", LogLevel.Warning)]
    [InlineData("debug", "TrainingCluster.X", LogLevel.Debug)]
    [InlineData("debug", "Grpc.X", LogLevel.Warning)]
    [InlineData("error,TrainingCluster.Worker=trace", "TrainingCluster.Worker.X", LogLevel.Trace)]
    [InlineData("error,TrainingCluster.Worker=trace", "TrainingCluster.X", LogLevel.Error)]
    [InlineData("Microsoft=debug", "Microsoft.AspNetCore.X", LogLevel.Debug)]
    public void Configure_Levels_HoldForTheirCategories(string levels, string category, LogLevel least)
    {
        var options = new LoggingOptions { Levels = LogLevels.Read(levels, out _)! };
        using var loggers = LoggerFactory.Create(logging => ProgramLogging.Configure(logging, options));
        var logger = loggers.CreateLogger(category);
        Assert.Equal(least, Enum.GetValues<LogLevel>().First(logger.IsEnabled));
    }
}
