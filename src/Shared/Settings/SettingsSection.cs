using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TrainingCluster.Settings;

/// <summary>The settings of one options class, under a name of their own.</summary>
public abstract class SettingsSection
{
    private protected SettingsSection(string name, Type options) => (Name, Options) = (name, options);

    /// <summary>Before the colon in a setting's name.</summary>
    public string Name { get; }

    /// <summary>The options class.</summary>
    public Type Options { get; }

    /// <summary>Its settings.</summary>
    public IReadOnlyList<ProgramSetting> Settings => field ??= ProgramSetting.Of(Options);

    internal abstract void AddTo(IServiceCollection services, IConfiguration configuration);
}

/// <inheritdoc/>
/// <typeparam name="TOptions">The options class.</typeparam>
/// <param name="name">Before the colon in a setting's name.</param>
public sealed class SettingsSection<TOptions>(string name) : SettingsSection(name, typeof(TOptions))
    where TOptions : class
{
    internal override void AddTo(IServiceCollection services, IConfiguration configuration)
    {
        var values = new SettingsValues<TOptions>(this, configuration);
        services
            .AddSingleton<IConfigureOptions<TOptions>>(values)
            .AddSingleton<IValidateOptions<TOptions>>(values)
            .AddOptions<TOptions>()
            .ValidateOnStart();
    }
}
