using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace TrainingCluster.Settings;

/// <summary>Puts what is configured into an options class, and says what of it cannot be: everything at once.</summary>
/// <param name="section">The class and its settings.</param>
/// <param name="configuration">What people have set.</param>
internal sealed class SettingsValues<TOptions>(SettingsSection section, IConfiguration configuration)
    : IConfigureOptions<TOptions>,
        IValidateOptions<TOptions>
    where TOptions : class
{
    private readonly List<string> _problems = [];

    public void Configure(TOptions options)
    {
        _problems.Clear();
        foreach (var given in configuration.GetSection(section.Name).GetChildren())
        {
            var name = $"{section.Name}:{given.Key}";
            if (section.Settings.FirstOrDefault(s => s.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase)) is not { } setting)
            {
                _problems.Add($"{name} is no setting; {section.Name} has {string.Join(", ", section.Settings.Select(s => s.Name))}");
            }
            else if (setting.Read(given.Value, out var problem) is { } value)
            {
                setting.Property.SetValue(options, value);
            }
            else
            {
                _problems.Add($"{name} '{given.Value}' {problem}");
            }
        }
    }

    public ValidateOptionsResult Validate(string? name, TOptions options) =>
        _problems.Count > 0 ? ValidateOptionsResult.Fail(_problems) : ValidateOptionsResult.Success;
}
