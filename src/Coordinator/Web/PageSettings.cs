using System.CommandLine;

namespace TrainingCluster.Coordinator.Web;

/// <summary>What the pages are told of the world around them.</summary>
/// <param name="TranslateAt">Address of a server of translations that has this coordinator's models; null: none is known.</param>
public sealed record PageSettings(Uri? TranslateAt = null)
{
    /// <summary>The page to translate with; null: none is known.</summary>
    /// <param name="jobId">Whose model is to be chosen there; null: whichever.</param>
    public string? TryIt(string? jobId = null) =>
        TranslateAt is not { } address ? null
        : jobId is null ? address.ToString()
        : $"{address}?model={Uri.EscapeDataString(jobId)}";

    /// <summary>The option of the command line.</summary>
    public static Option<string?> TranslateOption()
    {
        var option = new Option<string?>("--translate-at")
        {
            Description =
                "Address of a server of translations that has this coordinator's models (./cluster serve --coordinator): the page links to "
                + "it. Default: no link.",
            HelpName = "URL",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Read(text) is null)
            {
                result.AddError($"--translate-at {text}: give an address of the web, such as http://translate.example:7091/.");
            }
        });
        return option;
    }

    /// <summary>Reads the option's value; null: it is no address of the web.</summary>
    public static Uri? Read(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : null;
}
