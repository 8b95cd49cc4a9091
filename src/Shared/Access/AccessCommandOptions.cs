using System.CommandLine;

namespace TrainingCluster.Access;

/// <summary>The options of the command line that say how clients show who they are.</summary>
public sealed class AccessCommandOptions
{
    /// <summary>--tokens.</summary>
    public Option<string?> Tokens { get; } =
        new("--tokens")
        {
            Description =
                "File of clients' tokens, with their roles and namespaces; './cluster token add' writes it. It may change while "
                + "the program runs.",
            HelpName = "FILE",
        };

    /// <summary>--jwt-issuer.</summary>
    public Option<string?> Issuer { get; } =
        new("--jwt-issuer")
        {
            Description = "Take JSON Web Tokens of this issuer, too; their claims cluster_role and cluster_namespace say what they grant.",
            HelpName = "URL",
        };

    /// <summary>--jwt-audience.</summary>
    public Option<string> Audience { get; } =
        new("--jwt-audience")
        {
            Description = "For whom JSON Web Tokens must be issued (aud).",
            HelpName = "NAME",
            DefaultValueFactory = _ => new AccessOptions().JwtAudience,
        };

    /// <summary>--jwt-keys.</summary>
    public Option<string?> Keys { get; } =
        new("--jwt-keys")
        {
            Description = "The issuer's keys (JWKS). Default: those that its discovery document names.",
            HelpName = "FILE|URL",
        };

    /// <summary>As the command line says.</summary>
    public AccessOptions Of(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return new()
        {
            Tokens = parsed.GetValue(Tokens),
            JwtIssuer = parsed.GetValue(Issuer),
            JwtAudience = parsed.GetRequiredValue(Audience),
            JwtKeys = parsed.GetValue(Keys),
        };
    }
}
