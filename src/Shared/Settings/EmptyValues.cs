using System.CommandLine;
using System.CommandLine.Parsing;

namespace TrainingCluster.Settings;

/// <summary>
/// Options and arguments that were given nothing: mostly a shell's variable that is not set. One check for all of them, so that no command
/// takes an empty text for a folder or an id. An option whose default is the empty text may be given it.
/// </summary>
public static class EmptyValues
{
    /// <summary>A message for each of them.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed) =>
        [
            .. parsed
                .CommandResult.Children.Where(given => given.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
                .Select(NameOf)
                .OfType<string>()
                .Select(name => $"{name} is empty; is the variable set that should be here?"),
        ];

    /// <summary>Null: it may be empty.</summary>
    private static string? NameOf(SymbolResult given) =>
        given switch
        {
            OptionResult { Option: { HasDefaultValue: true } option } when option.GetDefaultValue() is "" => null,
            OptionResult option => option.Option.Name,
            ArgumentResult argument => argument.Argument.HelpName ?? argument.Argument.Name,
            _ => null,
        };
}
