using System.CommandLine;

namespace TrainingCluster.Settings;

/// <summary>How command lines are read.</summary>
public static class Arguments
{
    /// <summary>Reads what was given, word for word.</summary>
    /// <remarks>
    /// The library's default takes the word <c>@NAME</c> for a file whose lines are meant: names and sentences may begin so.
    /// </remarks>
    public static ParseResult Read(Command command, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
