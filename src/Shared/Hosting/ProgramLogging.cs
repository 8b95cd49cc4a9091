using Microsoft.Extensions.Logging;

namespace TrainingCluster.Hosting;

/// <summary>How the programs log: a line an event, in UTC.</summary>
public static class ProgramLogging
{
    /// <summary>Sets it up.</summary>
    public static void Configure(ILoggingBuilder logging) =>
        logging
            .ClearProviders()
            .AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.UseUtcTimestamp) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", true))
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning);
}
