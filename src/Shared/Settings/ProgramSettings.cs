using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TrainingCluster.Settings;

/// <summary>
/// What people can set of a program: by <c>--set SECTION:NAME=VALUE</c>, or else by the environment
/// (<c>CLUSTER_SECTION__NAME</c>).
/// </summary>
public static class ProgramSettings
{
    private const string Prefix = "CLUSTER_";

    /// <summary>The option of the command line.</summary>
    public static Option<string[]> Option(IReadOnlyList<SettingsSection> sections)
    {
        var option = new Option<string[]>("--set")
        {
            Description =
                "Set a time limit, an interval or another limit, such as "
                + $"{sections[0].Name}:{sections[0].Settings[0].Name}='{sections[0].Settings[0].DefaultText}'; may be given "
                + $"several times. The environment does the same ({Prefix}SECTION__NAME). docs/configuration.md has all.",
            HelpName = "SECTION:NAME=VALUE",
            DefaultValueFactory = _ => [],
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (Split(token.Value) is not { } given)
                {
                    result.AddError($"--set {token.Value}: write SECTION:NAME=VALUE.");
                }
                else if (!sections.Any(section => section.Name.Equals(given.Section, StringComparison.OrdinalIgnoreCase)))
                {
                    result.AddError(
                        $"--set {token.Value}: there is no section {given.Section}; there are "
                            + $"{string.Join(", ", sections.Select(section => section.Name))}."
                    );
                }
            }
        });
        return option;
    }

    /// <summary>What people have set.</summary>
    /// <param name="given">Of the command line, each SECTION:NAME=VALUE. Of one that is given twice the last counts.</param>
    public static IConfiguration Read(IEnumerable<string> given) =>
        new ConfigurationBuilder()
            .AddEnvironmentVariables(Prefix)
            .AddInMemoryCollection(
                given
                    .Select(Split)
                    .OfType<Given>()
                    .GroupBy(g => $"{g.Section}:{g.Name}", StringComparer.OrdinalIgnoreCase)
                    .Select(same => KeyValuePair.Create(same.Key, (string?)same.Last().Value))
            )
            .Build();

    /// <summary>Adds the options classes of the sections; what cannot be is told when the program starts.</summary>
    public static IServiceCollection AddSettings(
        this IServiceCollection services,
        IEnumerable<SettingsSection> sections,
        IConfiguration configuration
    )
    {
        ArgumentNullException.ThrowIfNull(sections);
        foreach (var section in sections)
        {
            section.AddTo(services, configuration);
        }
        return services;
    }

    /// <summary>The options of the sections by themselves, for what is made before a program has services.</summary>
    /// <exception cref="OptionsValidationException">What is set cannot be.</exception>
    public static ServiceProvider Validated(IEnumerable<SettingsSection> sections, IConfiguration configuration)
    {
        var provider = new ServiceCollection().AddSettings(sections, configuration).BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        return provider;
    }

    private static Given? Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && equals > colon + 1 ? new(text[..colon], text[(colon + 1)..equals], text[(equals + 1)..]) : null;
    }

    private sealed record Given(string Section, string Name, string Value);
}
