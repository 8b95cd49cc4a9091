using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace TrainingCluster.Coordinator.Web.Pages;

/// <summary>A text of a drawing. In Razor the name of its element means something else.</summary>
public sealed class SvgText : ComponentBase
{
    /// <summary>Its left end.</summary>
    [Parameter, EditorRequired]
    public string X { get; set; } = "";

    /// <summary>Its base line.</summary>
    [Parameter, EditorRequired]
    public string Y { get; set; } = "";

    /// <summary>Its class; null: none.</summary>
    [Parameter]
    public string? Class { get; set; }

    /// <summary>What it says.</summary>
    [Parameter, EditorRequired]
    public string Text { get; set; } = "";

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "x", X);
        builder.AddAttribute(2, "y", Y);
        builder.AddAttribute(3, "class", Class);
        builder.AddContent(4, Text);
        builder.CloseElement();
    }
}
